// What was said, on both sides: kept in this browser alone, and the one truth that every open tab
// of the chat draws from. Each entry is kept for itself, so that no tab overwrites another's.
import { names, onChange, random, read, remove as drop, write } from "./keep.js";

const KEPT = "said.";
const MOST = 120;
const listeners = [];
let entries = names(KEPT).map((name) => read(name)).filter(Boolean).sort(inOrder);

onChange(KEPT, (entry, name) => {
  place(name.slice(KEPT.length), entry);
  tell();
});

export const all = () => entries;
export const find = (id) => entries.find((one) => one.id === id);
export const newest = (kind) => entries.findLast((one) => one.kind === kind);
export const onTranscript = (changed) => listeners.push(changed);

function inOrder(one, other) {
  return one.at - other.at || (one.id < other.id ? -1 : 1);
}

function tell() {
  listeners.forEach((changed) => changed());
}

// The entry of that id as it is now, or none.
function place(id, entry) {
  const others = entries.filter((one) => one.id !== id);
  entries = entry ? [...others, entry].sort(inOrder) : others;
}

function keep(entry) {
  place(entry.id, entry);
  forgetOldest(entries.length - MOST);
  // Where the browser gives no more room, the oldest goes first.
  while (!write(KEPT + entry.id, entry) && entries.length > 1) {
    forgetOldest(Math.ceil(entries.length / 4));
  }
  tell();
}

function forgetOldest(count) {
  if (count > 0) entries.splice(0, count).forEach((one) => drop(KEPT + one.id));
}

export function add(entry) {
  // Later than all that is there, also within one tick of the clock.
  const at = Math.max(Date.now(), (entries.at(-1)?.at ?? 0) + 1);
  const whole = { id: random(9), at, ...entry };
  keep(whole);
  return whole.id;
}

export function change(id, patch) {
  const entry = find(id);
  if (entry) keep({ ...entry, ...patch });
}

export function remove(id) {
  place(id, null);
  drop(KEPT + id);
  tell();
}

// Everything goes but what `stays` says to keep.
export function clear(stays) {
  const gone = entries.filter((one) => !stays(one));
  entries = entries.filter(stays);
  gone.forEach((one) => drop(KEPT + one.id));
  tell();
}

// A line between an earlier visit and this one; one is enough however often the page is opened.
export function divide() {
  const last = entries.at(-1);
  if (!last) return;
  if (last.kind === "divider") change(last.id, { at: Date.now() });
  else add({ kind: "divider" });
}
