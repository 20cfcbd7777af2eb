// Small helpers to build what is shown. Words only ever become text, never markup.
const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function drawing(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export function icon(name) {
  return drawing("svg", { "aria-hidden": "true" }, drawing("use", { href: `#i-${name}` }));
}

export function button(words, attributes, pressed, ...children) {
  const made = element("button", { type: "button", ...attributes }, ...children, words);
  made.addEventListener("click", pressed);
  return made;
}

export function unseen(words) {
  return element("span", { class: "unseen" }, words);
}

export const byId = (id) => document.getElementById(id);

function fill(made, attributes, children) {
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children.filter((one) => one !== null && one !== ""));
  return made;
}
