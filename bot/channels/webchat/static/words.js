// The page's sentences in every language, and the language that it speaks now.
import { read, write } from "./keep.js";

const given = JSON.parse(document.getElementById("given").textContent);
export const limits = given.limits;
export const locales = given.locales;
const listeners = [];
let spoken = first();

function first() {
  const wanted = [read("locale", ""), ...(navigator.languages || []), document.documentElement.lang];
  const known = wanted.map((one) => one.split("-")[0].toLowerCase()).find((one) => locales.includes(one));
  return known || locales[0];
}

export const locale = () => spoken;
export const onLanguage = (changed) => listeners.push(changed);

export function say(name, values = {}) {
  const words = given.words[spoken][name] || name;
  return words.replace(/\{(\w+)\}/g, (whole, blank) => (blank in values ? values[blank] : whole));
}

export function speak(wanted) {
  if (wanted === spoken || !locales.includes(wanted)) return;
  spoken = wanted;
  write("locale", wanted);
  label();
}

// Elements carry the names of their sentences, so that a change of language is one walk.
export function label(root = document) {
  if (root === document) {
    document.documentElement.lang = spoken;
    document.title = say("web.title");
    listeners.forEach((changed) => changed());
  }
  root.querySelectorAll("[data-say]").forEach((one) => { one.textContent = say(one.dataset.say); });
  root.querySelectorAll("[data-label]").forEach((one) => {
    const words = say(one.dataset.label);
    one.setAttribute("aria-label", words);
    if (one.tagName === "BUTTON") one.title = words;
  });
}

export function clock(at) {
  return new Intl.DateTimeFormat(spoken, { hour: "2-digit", minute: "2-digit" }).format(at);
}

export function day(at) {
  const shape = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(spoken, shape).format(at);
}
