// What was said, on both sides: kept in this browser alone, and the one truth that every open tab
// of the chat draws from.
import { onChange, random, read, write } from "./keep.js";

const MOST = 120;
const listeners = [];
let entries = read("transcript", []);

onChange("transcript", () => {
  entries = read("transcript", []);
  tell();
});

export const all = () => entries;
export const find = (id) => entries.find((one) => one.id === id);
export const newest = (kind) => entries.findLast((one) => one.kind === kind);
export const onTranscript = (changed) => listeners.push(changed);

function tell() {
  listeners.forEach((changed) => changed());
}

// Change what is kept, as other tabs may have left it meanwhile.
function keep(change) {
  entries = change(read("transcript", entries)).slice(-MOST);
  // Where the browser gives no more room, the oldest goes first.
  while (!write("transcript", entries) && entries.length > 1) {
    entries = entries.slice(Math.ceil(entries.length / 4));
  }
  tell();
}

export function add(entry) {
  const whole = { id: random(9), at: Date.now(), ...entry };
  keep((list) => [...list.filter((one) => one.id !== whole.id), whole]);
  return whole.id;
}

export function change(id, patch) {
  keep((list) => list.map((one) => (one.id === id ? { ...one, ...patch } : one)));
}

export function remove(id) {
  keep((list) => list.filter((one) => one.id !== id));
}

// A line between an earlier visit and this one; one is enough however often the page is opened.
export function divide() {
  const last = entries.at(-1);
  if (!last) return;
  if (last.kind === "divider") change(last.id, { at: Date.now() });
  else add({ kind: "divider" });
}
