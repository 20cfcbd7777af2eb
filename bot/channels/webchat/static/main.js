// Brings the parts together: what is said goes to the wire, what is heard to the transcript.
import * as composer from "./composer.js";
import * as cover from "./cover.js";
import { byId } from "./elements.js";
import { durable, read, write } from "./keep.js";
import * as menu from "./menu.js";
import * as outbox from "./outbox.js";
import { progressed } from "./own.js";
import * as position from "./position.js";
import * as transcript from "./transcript.js";
import * as uploads from "./uploads.js";
import * as view from "./view.js";
import * as wire from "./wire.js";
import { label, limits, locale, onLanguage, say, speak } from "./words.js";

const ROUND = 36 ** 3;
const RECENT = 1000;
const SEEN_MOST = 300;
const SOON = 1500;

const busy = () => outbox.waiting((one) => one.type === "press" || one.type === "command");

// What is said -------------------------------------------------------------------------------------

function send(message, entry) {
  const id = wire.say(message);
  if (entry) transcript.add({ state: "waiting", message: id, ...entry });
  view.disable();
  return id;
}

function chosen(prompt, choice) {
  if (busy()) return;
  if (choice.kind === "position") {
    position.open();
    return;
  }
  const message = { type: "press", choice: choice.id, serial: prompt.shown.serial };
  send(shows(choice.id, message), { kind: "own", text: choice.label });
}

function command(name, argument, words) {
  send(shows(name, { type: "command", name, argument }), words && { kind: "own", text: words });
}

// Only this browser knows which reports are this person's; it shows them when asked for.
function shows(asked, message) {
  return asked === "reports" || asked === "forgotten" ? { ...message, receipts: read("receipts", []) } : message;
}

function located(place) {
  const { latitude, longitude } = place;
  send({ type: "located", latitude, longitude }, { kind: "position", ...place });
}

function remark(words) {
  transcript.add({ kind: "remark", text: words });
}

// What is heard ------------------------------------------------------------------------------------

function shown(prompts, links, answered) {
  view.typing(false);
  if (answered) acknowledged(answered, prompts.some((one) => one.returned));
  prompts.forEach((prompt) => place(prompt, links, answered !== null));
  if (prompts.length) speak(prompts.at(-1).locale);
  view.disable();
}

function acknowledged(id, returned) {
  const entry = transcript.all().find((one) => one.message === id);
  if (!entry) return;
  transcript.change(entry.id, { state: "sent" });
  if (returned) composer.giveBack(entry.text);
}

function place(prompt, links, asked) {
  const last = transcript.newest("prompt");
  if (!asked && last && overtaken(prompt, last.shown)) return;
  if (prompt.receipt) keepReceipt(prompt.receipt);
  if (prompt.screen === "forgotten" || prompt.forgotten.length) forget(prompt);
  const id = `${prompt.screen}:${prompt.serial}`;
  // What was forgotten is not kept as the name of what was forgotten.
  const entry = { id, kind: "prompt", shown: { ...prompt, forgotten: [] }, links };
  // The same screen again is the same bubble, brought down where something came in between.
  if (transcript.all().at(-1)?.id === id) transcript.change(id, entry);
  else transcript.add(entry);
}

// News of a screen that the person has left meanwhile. Serials go round.
function overtaken(prompt, last) {
  const behind = (last.serial - prompt.serial + ROUND) % ROUND;
  return behind > 0 && behind < RECENT;
}

function keepReceipt(code) {
  const kept = read("receipts", []).filter((one) => one !== code);
  write("receipts", [code, ...kept].slice(0, limits.receipts));
}

// Nothing here tells which words belong to which report, so all go. What is still on its way is of
// no report yet: it stays, unless everything was to go.
function forget(prompt) {
  const everything = prompt.screen === "forgotten";
  write("receipts", read("receipts", []).filter((one) => !prompt.forgotten.includes(one)));
  transcript.clear(everything ? () => false : uploads.underway);
  if (everything) composer.empty();
}

function notice(given) {
  const seen = read("seen", []);
  wire.seen([given.id]);
  if (seen.includes(given.id)) return;
  transcript.add({ id: `notice:${given.id}`, kind: "notice", notice: given });
  write("seen", [...seen, given.id].slice(-SEEN_MOST));
}

function failed(id, words) {
  view.typing(false);
  const entry = transcript.all().find((one) => one.message === id);
  if (entry) transcript.change(entry.id, { state: "failed", trouble: words || say("web.failed") });
  view.disable();
}

// The connection -----------------------------------------------------------------------------------

let banner = 0;
let current = ["online", ""];

function state(name, words = "") {
  clearTimeout(banner);
  const before = current[0];
  current = [name, words];
  if (name === "online") {
    if (before !== "online") uploads.retryAll();
    tell();
  } else {
    view.typing(false);
    // A short hiccup is nobody's business.
    banner = setTimeout(tell, name === "connecting" ? SOON : 0);
  }
}

function tell() {
  const [name, words] = current;
  const sentences = { online: "", connecting: say("web.connecting"), offline: say("web.offline"), retrying: `${words} ${say("web.retrying")}` };
  byId("banner").textContent = sentences[name];
  byId("banner").dataset.state = name;
}

// Start --------------------------------------------------------------------------------------------

document.documentElement.toggleAttribute("data-framed", window.self !== window.top);
label();
onLanguage(tell);
transcript.divide();
view.setUp({ busy, chosen, retry: uploads.retry, cancel: uploads.cancel });
composer.setUp({
  write: (words) => send({ type: "text", text: words }, { kind: "own", text: words }),
  files: uploads.take,
  locate: position.open,
});
uploads.setUp({ attach: (attachments) => wire.say({ type: "attach", attachments, caption: "" }), progressed, remark });
position.setUp(located);
cover.setUp(uploads.take);
menu.setUp({ command });
wire.start({ shown, notice, failed, state, typing: () => view.typing(true) });
if (!durable) remark(say("web.memory_only"));
