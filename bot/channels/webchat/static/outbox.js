// What was said and not yet acknowledged, in order. It survives a closed tab; whoever opens the
// chat next sends it, and the gateway takes each message once however often it comes.
import { random, read, write } from "./keep.js";

const PAGE = random(9);
let counted = 0;
let queue = read("outbox", []);

export const next = () => queue[0];
export const empty = () => queue.length === 0;
export const waiting = (test) => queue.some(test);

export function put(message) {
  counted += 1;
  const numbered = { id: `${PAGE}-${counted}`, ...message };
  queue.push(numbered);
  if (message.type !== "open") write("outbox", [...read("outbox", []), numbered]);
  return numbered.id;
}

export function remove(id) {
  queue = queue.filter((one) => one.id !== id);
  const kept = read("outbox", []);
  if (kept.some((one) => one.id === id)) write("outbox", kept.filter((one) => one.id !== id));
}
