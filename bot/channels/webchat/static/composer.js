// Where one types, and where pictures and positions are added.
import { byId } from "./elements.js";
import { read, write } from "./keep.js";
import * as transcript from "./transcript.js";
import { onLanguage, say } from "./words.js";

const field = byId("words");
const tools = byId("tools");
const attach = byId("attach");
const TALLEST = 140;

export function setUp({ write: said, files, locate }) {
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit(said);
  });
  field.addEventListener("keydown", (event) => {
    // While a Chinese word is being composed, Enter chooses the word.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || composing) return;
    event.preventDefault();
    submit(said);
  });
  field.addEventListener("input", grow);
  field.value = read("typed", "");
  attach.addEventListener("click", () => unfold(tools.hidden));
  byId("locate").addEventListener("click", locate);
  ["camera", "film", "gallery"].forEach((name) => pickable(byId(name), files));
  tools.querySelectorAll("[data-pick]").forEach((one) => one.addEventListener("click", () => byId(one.dataset.pick).click()));
  document.addEventListener("paste", (event) => event.clipboardData.files.length && files(event.clipboardData.files));
  transcript.onTranscript(suit);
  onLanguage(suit);
  grow();
  suit();
}

function submit(said) {
  const words = field.value.trim();
  if (!words) {
    field.focus();
    return;
  }
  empty();
  said(words);
}

export function empty() {
  put("");
}

// What was not taken comes back to be changed, unless something else was begun meanwhile.
export function giveBack(words) {
  if (!field.value) put(words);
}

function put(words) {
  field.value = words;
  grow();
}

function pickable(input, files) {
  input.addEventListener("change", () => {
    files([...input.files]);
    input.value = "";
  });
}

function grow() {
  write("typed", field.value);
  field.style.height = "auto";
  if (field.value) field.style.height = `${Math.min(field.scrollHeight, TALLEST)}px`;
  byId("composer").toggleAttribute("data-typed", Boolean(field.value.trim()));
}

function unfold(open) {
  tools.hidden = !open;
  attach.setAttribute("aria-expanded", String(open));
}

export function focus() {
  field.focus();
}

let suited = "";

// The composer follows the newest prompt: what it is good for now, in its own words.
function suit() {
  const prompt = transcript.newest("prompt");
  if (!prompt) return;
  const { screen, accepts } = prompt.shown;
  const fitting = ["location", "description", "media"].includes(screen) ? `.${screen}` : "";
  field.placeholder = say(accepts.includes("text") || fitting ? `web.placeholder${fitting}` : "web.placeholder.press");
  if (suited === prompt.id) return;
  suited = prompt.id;
  unfold(screen === "media");
}
