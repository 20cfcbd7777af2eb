// What this browser keeps, all of it under one prefix; in memory where storage is not allowed.
const PREFIX = "suishoupai.";
const memory = new Map();
let store = null;
try {
  window.localStorage.setItem(PREFIX + "try", "1");
  window.localStorage.removeItem(PREFIX + "try");
  store = window.localStorage;
} catch { /* a portal's frame or a private window: the chat lives as long as the page */ }

export const durable = store !== null;

export function read(name, otherwise) {
  const kept = store ? store.getItem(PREFIX + name) : memory.get(name);
  if (kept === null || kept === undefined) return otherwise;
  try {
    return JSON.parse(kept);
  } catch {
    return otherwise;
  }
}

// Whether it was kept: a browser may refuse more.
export function write(name, value) {
  const words = JSON.stringify(value);
  if (!store) {
    memory.set(name, words);
    return true;
  }
  try {
    store.setItem(PREFIX + name, words);
    return true;
  } catch {
    return false;
  }
}

export function remove(name) {
  memory.delete(name);
  store?.removeItem(PREFIX + name);
}

// What is kept under names that begin so.
export function names(beginning) {
  const kept = store ? Object.keys(store).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)) : [...memory.keys()];
  return kept.filter((name) => name.startsWith(beginning));
}

export function forgetEverything() {
  names("").forEach(remove);
}

// Another tab of this chat changed something whose name begins so; null is what it removed.
export function onChange(beginning, changed) {
  window.addEventListener("storage", (event) => {
    if (event.key?.startsWith(PREFIX + beginning)) changed(JSON.parse(event.newValue), event.key.slice(PREFIX.length));
  });
}

export function random(bytes) {
  const raw = crypto.getRandomValues(new Uint8Array(bytes));
  const letters = btoa(String.fromCharCode(...raw));
  return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function token() {
  const kept = read("token", "");
  if (/^[A-Za-z0-9_-]{43}$/.test(kept)) return kept;
  const made = random(32);
  write("token", made);
  return made;
}

// The address of this chat: who holds it is this person, so it never goes into an address line.
export const TOKEN = token();
