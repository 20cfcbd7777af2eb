// The person's own side: words, choices, positions, pictures with their progress.
import { button, element, icon, unseen } from "./elements.js";
import { figures, picture } from "./places.js";
import { clock, say } from "./words.js";

const SETTLED = ["sent", "uploaded"];

export function bubble(entry, actions) {
  const build = { own: written, position: located, media: sent }[entry.kind];
  const trouble = entry.trouble ? [element("p", { class: "trouble" }, entry.trouble)] : [];
  const time = element("time", {}, clock(entry.at), element("span", { class: "state" }));
  return element("div", { class: "bubble" }, unseen(say("web.you")), ...build(entry, actions), ...trouble, time);
}

function written(entry) {
  return entry.text.split("\n").map((line) => element("p", {}, line));
}

function located(entry) {
  return [element("p", {}, say("web.position.sent")), picture(entry, 160), element("p", { class: "figures small" }, figures(entry))];
}

function sent(entry, actions) {
  const count = entry.files.length;
  const shape = count > 4 || count === 3 ? "three" : count > 1 || entry.files[0].trouble ? "two" : "one";
  const refused = entry.files.filter((file) => file.state === "failed" && !file.again && file.trouble);
  const reasons = [...new Set(refused.map((file) => file.trouble))].map((words) => element("p", { class: "trouble", role: "status" }, words));
  return [element("ul", { class: `tiles ${shape}`, "aria-live": "off" }, ...entry.files.map((file) => tile(entry, file, actions))), ...reasons];
}

function tile(entry, file, actions) {
  const video = file.type.startsWith("video/");
  const look = file.thumbnail ? element("img", { src: file.thumbnail, alt: "" }) : icon(video ? "film" : "gallery");
  const name = say(video ? "web.video" : "web.picture");
  const parts = [look, unseen(name)];
  if (video && file.thumbnail) parts.push(element("span", { class: "play", "aria-hidden": "true" }));
  if (file.state === "waiting" || file.state === "sending") parts.push(bar(file, name));
  const note = noted(file);
  parts.push(element("p", { class: SETTLED.includes(file.state) ? "unseen" : "note", role: "status" }, note));
  if (file.state === "failed" && file.again) parts.push(tool("again", "web.upload.retry", name, () => actions.retry(entry.id, file.key)));
  if (["waiting", "sending", "failed"].includes(file.state)) {
    parts.push(tool("close", "web.upload.cancel", name, () => actions.cancel(entry.id, file.key)));
  }
  return element("li", { "data-key": file.key, "data-state": file.state }, ...parts);
}

function bar(file, name) {
  return element("progress", { max: 1, value: 0, "aria-label": name });
}

function tool(mark, sentence, name, pressed) {
  return button("", { class: `tool ${mark}`, "aria-label": say(sentence, { name }), title: say(sentence, { name }) }, pressed, icon(mark));
}

function noted(file) {
  if (file.state === "failed") return (file.again && file.trouble) || say("web.upload.failed");
  if (SETTLED.includes(file.state)) return say("web.upload.done");
  return file.state === "waiting" ? file.trouble || say("web.upload.waiting") : "";
}

// Progress is drawn, not kept: it changes many times a second.
export function progressed(key, fraction) {
  const bar = document.querySelector(`li[data-key="${key}"] progress`);
  if (bar) bar.value = fraction;
}
