// Draws the transcript. What has not changed is not touched: a screen reader hears only what is new,
// and the focus stays where it is.
import { byId, element, icon } from "./elements.js";
import * as own from "./own.js";
import * as prompts from "./prompts.js";
import * as transcript from "./transcript.js";
import { clock, day, locale, onLanguage, say } from "./words.js";

const NEAR = 120;
const log = byId("log");
const scroll = byId("scroll");
const nodes = new Map();
let actions = {};
let busy = () => false;

export function setUp(given) {
  actions = given;
  busy = given.busy;
  transcript.onTranscript(draw);
  onLanguage(draw);
  scroll.addEventListener("scroll", scrolled, { passive: true });
  byId("newest").addEventListener("click", () => toEnd());
  // The keyboard, the tools and pictures that arrive late all change what fits.
  const fits = new ResizeObserver(() => following && toEnd("instant"));
  fits.observe(scroll);
  fits.observe(log);
  draw();
  toEnd("instant");
}

// Whether the end is followed: until somebody scrolls up to read.
let following = true;
let top = 0;

function scrolled() {
  following = atEnd() || (following && scroll.scrollTop >= top);
  top = scroll.scrollTop;
  byId("newest").hidden = following;
}

function draw() {
  const entries = transcript.all();
  const active = transcript.newest("prompt")?.id;
  const known = new Set(entries.map((one) => one.id));
  let added = null;
  nodes.forEach((node, id) => known.has(id) || (node.remove(), nodes.delete(id)));
  entries.forEach((entry, at) => {
    const node = nodes.get(entry.id) || fresh(entry);
    update(node, entry, entry.id === active);
    if (log.children[at] !== node) {
      log.insertBefore(node, log.children[at] || null);
      added = node;
    }
  });
  disable();
  if (added) arrived(added);
  else if (following) toEnd();
}

function fresh(entry) {
  const sides = { prompt: "theirs", notice: "theirs news", divider: "between", remark: "between" };
  const node = element("div", { class: `entry ${sides[entry.kind] || "mine"}`, tabindex: "-1" });
  nodes.set(entry.id, node);
  return node;
}

function update(node, entry, active) {
  const { state, ...content } = entry;
  const signature = JSON.stringify(content) + locale();
  if (node.signature !== signature) {
    const held = node.contains(document.activeElement) && document.activeElement !== node;
    node.replaceChildren(contentOf(entry));
    node.signature = signature;
    node.choices = "";
    if (held) node.focus({ preventScroll: true });
  }
  if (entry.kind === "prompt") choose(node, entry, active);
  if (state && node.dataset.state !== state) node.dataset.state = state;
  if (entry.kind === "prompt") node.dataset.screen = entry.shown.screen;
}

function contentOf(entry) {
  switch (entry.kind) {
    case "prompt": return prompts.bubble(entry);
    case "notice": return notice(entry.notice);
    case "divider": return element("p", {}, say("web.earlier"), " · ", day(entry.at));
    case "remark": return element("p", {}, entry.text);
    default: return own.bubble(entry, actions);
  }
}

function notice(given) {
  const lines = given.text.split("\n").filter((line) => line.trim());
  const head = element("p", { class: "small" }, icon("bell"), say("web.notice"));
  return element("div", { class: "bubble", lang: given.locale }, head, ...lines.map((line) => element("p", {}, line)), element("time", {}, clock(given.at)));
}

// The newest prompt alone can be answered; the choices of older ones are gone.
function choose(node, entry, active) {
  const wanted = active && entry.shown.rows.length ? JSON.stringify(entry.shown.rows) + locale() : "";
  if (node.choices === wanted) return;
  node.choices = wanted;
  const held = node.querySelector(".choices")?.contains(document.activeElement);
  const focused = document.activeElement?.dataset.choice;
  node.querySelector(".choices")?.remove();
  if (wanted) node.append(prompts.choices(entry, (one) => actions.chosen(entry, one)));
  if (held) (node.querySelector(`[data-choice="${CSS.escape(focused)}"]`) || node).focus({ preventScroll: true });
}

export function disable() {
  const waiting = String(busy());
  log.querySelectorAll(".choices button").forEach((one) => one.setAttribute("aria-disabled", waiting));
}

// Whoever was at the old choices is taken along to the new prompt.
function arrived(node) {
  const mine = node.classList.contains("mine");
  const at = document.activeElement;
  if (node.classList.contains("theirs") && log.contains(at)) node.focus({ preventScroll: true });
  if (mine) toEnd();
  else if (following) reveal(node);
}

// What is taller than the window is read from its beginning, unless one wrote it oneself; numbers to
// call are never passed over.
function reveal(node) {
  const before = node.previousElementSibling;
  const first = before?.dataset.screen === "emergency" ? before : node;
  const start = first.offsetTop - log.offsetTop;
  if (log.offsetHeight - start > scroll.clientHeight) {
    following = false;
    scroll.scrollTo({ top: start, behavior: pace() });
  } else {
    toEnd();
  }
}

function atEnd() {
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
}

function toEnd(behavior = pace()) {
  following = true;
  // Choices that went away may have moved us up meanwhile: that was nobody's wish to read.
  top = scroll.scrollTop;
  byId("newest").hidden = true;
  scroll.scrollTo({ top: scroll.scrollHeight, behavior });
}

function pace() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
}

export function typing(on) {
  byId("typing").hidden = !on;
  if (on && atEnd()) toEnd();
}
