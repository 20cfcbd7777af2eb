// The connection: one message at a time until it is acknowledged, mended by itself when it breaks.
import { TOKEN, read } from "./keep.js";
import * as outbox from "./outbox.js";
import { locale } from "./words.js";

const ANSWER_WITHIN = 20000;
const PING_EVERY = 25000;
const PONG_WITHIN = 8000;
const LONGEST_PAUSE = 20000;
const AWAY = 20000;
const TOO_BIG = 1009;

const address = new URL("chat/socket", document.baseURI);
address.protocol = address.protocol.replace("http", "ws");
address.search = address.hash = "";

let heard = {};
let socket = null;
let flying = null;
let attempts = 0;
let refusals = 0;
let timers = {};
let hiddenAt = 0;

export const online = () => socket !== null && socket.readyState === WebSocket.OPEN;

export function say(message) {
  const id = outbox.put(message);
  pump();
  return id;
}

// Ask for the current screen, once however many reasons there are to ask.
export function refresh() {
  // With the receipts that are here, so that the newest is not shown again to whoever looks on.
  if (!outbox.waiting((one) => one.type === "open")) outbox.put({ type: "open", receipts: read("receipts", []) });
  pump();
}

export function seen(ids) {
  if (online()) socket.send(JSON.stringify({ seen: ids }));
}

export function start(handlers) {
  heard = handlers;
  window.addEventListener("online", again);
  window.addEventListener("offline", lost);
  document.addEventListener("visibilitychange", looked);
  window.addEventListener("pageshow", (event) => event.persisted && again());
  setInterval(ping, PING_EVERY);
  connect();
}

function after(name, milliseconds, work) {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(work, milliseconds);
}

function looked() {
  if (document.hidden) {
    hiddenAt = Date.now();
    return;
  }
  if (!online()) again();
  else if (Date.now() - hiddenAt > AWAY) refresh();
}

function again() {
  attempts = 0;
  if (online()) ping();
  else connect();
}

function connect() {
  clearTimeout(timers.connect);
  drop();
  const opening = new WebSocket(address);
  socket = opening;
  opening.onopen = opened;
  opening.onmessage = (event) => opening === socket && hear(JSON.parse(event.data));
  opening.onclose = (event) => opening === socket && lost(event);
}

function drop() {
  if (!socket) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
  socket = null;
  flying = null;
}

function opened() {
  attempts = 0;
  socket.send(JSON.stringify({ hello: TOKEN, locale: locale() }));
  heard.state("online");
  // Whatever waits is answered with the current screen; with nothing waiting we ask for it.
  if (outbox.empty()) refresh();
  else pump();
}

function lost(event) {
  if (event.code === TOO_BIG && flying) giveUp(flying, "");
  drop();
  ["answer", "pong", "again"].forEach((name) => clearTimeout(timers[name]));
  attempts += 1;
  heard.state(navigator.onLine === false ? "offline" : "connecting");
  const pause = Math.min(LONGEST_PAUSE, 400 * 2 ** attempts) * (0.5 + Math.random() / 2);
  after("connect", pause, connect);
}

function ping() {
  if (!online() || document.hidden) return;
  socket.send('{"ping":1}');
  after("pong", PONG_WITHIN, lostSilently);
}

function lostSilently() {
  lost({ code: 0 });
}

function pump() {
  const message = outbox.next();
  if (!online() || flying || !message) return;
  flying = message.id;
  socket.send(JSON.stringify(message));
  after("answer", ANSWER_WITHIN, lostSilently);
}

function giveUp(id, words) {
  outbox.remove(id);
  flying = null;
  heard.failed(id, words);
}

function hear(frame) {
  if (frame.ack) acknowledged(frame);
  else if (frame.error) refused(frame);
  else if (frame.shown) heard.shown(frame.shown, frame.links || {}, null);
  else if (frame.notice) heard.notice(frame.notice);
  else if (frame.typing) heard.typing();
  else if (frame.again) refresh();
  else if (frame.pong) clearTimeout(timers.pong);
}

function acknowledged(frame) {
  clearTimeout(timers.answer);
  outbox.remove(frame.ack);
  flying = null;
  refusals = 0;
  heard.state("online");
  heard.shown(frame.shown, frame.links || {}, frame.ack);
  pump();
}

function refused(frame) {
  clearTimeout(timers.answer);
  if (!frame.error.again) {
    giveUp(frame.id, frame.error.text);
    pump();
    return;
  }
  refusals += 1;
  heard.state("retrying", frame.error.text);
  const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** refusals) * (0.5 + Math.random() / 2);
  after("again", pause, () => {
    flying = null;
    pump();
  });
}
