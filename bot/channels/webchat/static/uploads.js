// Pictures and videos: several at once, each with its own progress; an answer once all are settled.
import { random } from "./keep.js";
import { thumbnail } from "./thumbnails.js";
import * as transcript from "./transcript.js";
import { transfer } from "./transfer.js";
import { limits, say } from "./words.js";

const AT_ONCE = 3;
const ATTEMPTS = 5;
const PAUSE = 1500;
const MEGABYTE = 1024 * 1024;
const USUAL = /\.(hei[cf]|jpe?g|png|webp|gif|avif|mp4|m4v|mov|webm)$/i;

const files = new Map();
const running = new Map();
const queue = [];
const attempts = new Map();
let actions = {};

export function setUp(given) {
  actions = given;
  // A file cannot be read again after the page was closed; what had arrived is answered now.
  transcript.all().filter((one) => one.kind === "media").forEach((entry) => {
    const lost = (file) => file.state === "waiting" || file.state === "sending" || file.again;
    const closed = entry.files.map((file) => (lost(file) ? { ...file, state: "failed", again: false, trouble: say("web.upload.failed") } : file));
    if (closed.some((file, at) => file !== entry.files[at])) transcript.change(entry.id, { files: closed });
    settle(entry.id);
  });
  window.addEventListener("beforeunload", (event) => running.size && event.preventDefault());
}

export function take(picked) {
  const chosen = [...picked].slice(0, limits.files);
  if (!chosen.length) return;
  const described = chosen.map(describe);
  const id = transcript.add({ kind: "media", files: described });
  if (picked.length > limits.files) actions.remark(say("web.upload.too_many", { limit: limits.files }));
  described.filter((one) => one.state === "waiting").forEach((one) => enqueue(id, one.key));
  chosen.forEach((file, at) => picture(id, described[at].key, file));
  settle(id);
}

function describe(file) {
  const key = random(9);
  files.set(key, file);
  const type = file.type || (/\.(mp4|m4v|mov|webm)$/i.test(file.name) ? "video/" : "image/");
  const trouble = unusable(file);
  return { key, type, state: trouble ? "failed" : "waiting", trouble, again: false };
}

function unusable(file) {
  if (!file.size) return say("web.upload.empty");
  if (file.size > limits.bytes) return say("web.upload.too_large", { limit: limits.bytes / MEGABYTE });
  if (!/^(image|video)\//.test(file.type) && !USUAL.test(file.name)) return say("web.upload.unsupported");
  return "";
}

async function picture(id, key, file) {
  const small = await thumbnail(file);
  if (small) update(id, key, { thumbnail: small });
}

function update(id, key, patch) {
  const entry = transcript.find(id);
  if (!entry) return;
  transcript.change(id, { files: entry.files.map((one) => (one.key === key ? { ...one, ...patch } : one)) });
}

function enqueue(id, key) {
  queue.push([id, key]);
  advance();
}

function advance() {
  while (running.size < AT_ONCE && queue.length) begin(...queue.shift());
}

function begin(id, key) {
  update(id, key, { state: "sending", trouble: "" });
  const stop = transfer(files.get(key), (fraction) => actions.progressed(key, fraction), (result) => finished(id, key, result));
  running.set(key, stop);
}

function finished(id, key, result) {
  running.delete(key);
  if (result.kept) {
    files.delete(key);
    update(id, key, { state: "uploaded", kept: result.kept, again: false });
  } else if (result.busy && tries(key) < ATTEMPTS) {
    update(id, key, { state: "waiting", trouble: result.trouble });
    setTimeout(() => transcript.find(id)?.files.some((one) => one.key === key && one.state === "waiting") && enqueue(id, key), PAUSE * tries(key));
  } else {
    update(id, key, { state: "failed", again: result.again, trouble: result.trouble });
  }
  settle(id);
  advance();
}

function tries(key) {
  attempts.set(key, (attempts.get(key) || 0) + 1);
  return attempts.get(key);
}

export function retry(id, key) {
  attempts.delete(key);
  update(id, key, { state: "waiting", again: false, trouble: "" });
  enqueue(id, key);
}

// The connection is back: what failed for want of it is sent by itself.
export function retryAll() {
  transcript.all().filter((one) => one.kind === "media").forEach((entry) => {
    entry.files.filter((file) => file.state === "failed" && file.again && files.has(file.key)).forEach((file) => retry(entry.id, file.key));
  });
}

export function cancel(id, key) {
  running.get(key)?.();
  running.delete(key);
  files.delete(key);
  const at = queue.findIndex(([, queued]) => queued === key);
  if (at >= 0) queue.splice(at, 1);
  const entry = transcript.find(id);
  const rest = entry.files.filter((one) => one.key !== key);
  if (rest.length) transcript.change(id, { files: rest });
  else transcript.remove(id);
  settle(id);
  advance();
}

// Whether some of this entry is still on its way.
export function underway(entry) {
  return entry.kind === "media" && entry.files.some((one) => one.state === "waiting" || one.state === "sending");
}

// Once nothing of this batch is on its way, what arrived is one answer.
function settle(id) {
  const entry = transcript.find(id);
  if (!entry || underway(entry)) return;
  const arrived = entry.files.filter((one) => one.state === "uploaded");
  if (!arrived.length) return;
  const message = actions.attach(arrived.map((one) => ({ ...one.kept, video: one.type.startsWith("video/") })));
  const sent = entry.files.map((one) => (one.state === "uploaded" ? { ...one, state: "sent", kept: undefined } : one));
  transcript.change(id, { files: sent, message, state: "waiting" });
}
