// Prompts: what the gateway says, its pictures, and its choices where they still count.
import { button, element, icon, unseen } from "./elements.js";
import { clock, say } from "./words.js";

const QUIET = ["back", "cancel", "menu", "skip"];
// What deletes or forgets, and the word that somebody is in danger: pressed on purpose or not at all.
const GRAVE = /^(forget|forgotten|cancel:yes$|danger:yes$|anew:yes$|drop)/;
const NUMBERS = /[+\d][\d-]{2,14}/g;
const BETWEEN = /^[\s·、,]*$/;
const LABEL = /^([^:：]{1,24}[:：])(.+)$/;

export function bubble(entry) {
  const { shown, links } = entry;
  const time = element("time", {}, clock(entry.at));
  const onButtons = shown.rows.flat().map((one) => one.media);
  const media = shown.media.filter((id) => !onButtons.includes(id));
  const parts = [...paragraphs(shown), ...pictures(media, links), time];
  return element("div", { class: "bubble", lang: shown.locale }, unseen(say("web.bot")), ...parts);
}

function paragraphs(shown) {
  const lines = shown.text.split("\n").filter((line) => line.trim());
  const build = { emergency: callable, summary: labelled }[shown.screen] || ((line) => [line]);
  if (!shown.receipt) return lines.map((line) => element("p", {}, ...build(line)));
  return lines.flatMap((line, at) => {
    if (line.includes(shown.receipt)) return [card(shown.receipt)];
    // The card has a heading of its own.
    return lines[at + 1]?.includes(shown.receipt) && /[:：]$/.test(line) ? [] : [element("p", {}, line)];
  });
}

// What was answered stands out from what was asked.
function labelled(line) {
  const [, name, rest] = line.match(LABEL) || [null, null, line];
  return name ? [element("strong", {}, name), rest] : [rest];
}

// Numbers to call in danger are one touch away.
function callable(line) {
  const parts = [];
  let at = 0;
  for (const found of line.matchAll(NUMBERS)) {
    parts.push(line.slice(at, found.index), element("a", { href: `tel:${found[0]}` }, found[0]));
    at = found.index + found[0].length;
  }
  const spoken = [...parts, line.slice(at)];
  const said = spoken.filter((one) => typeof one !== "string" || !BETWEEN.test(one));
  return said.map((one) => (typeof one === "string" ? element("span", {}, one) : one));
}

function pictures(media, links) {
  if (!media.length) return [];
  return [element("ul", { class: "pictures" }, ...media.map((id, at) => {
    const picture = element("img", { src: links[id] || "", alt: say("web.thumbnail", { number: at + 1 }), loading: "lazy" });
    const tile = element("li", {}, picture);
    // A link from an earlier visit has expired: the picture is there, its copy here is not.
    picture.addEventListener("error", () => tile.replaceChildren(icon("gallery"), unseen(picture.alt)), { once: true });
    return tile;
  }))];
}

function card(code) {
  const groups = code.split("-").map((group) => element("span", {}, group));
  const copied = element("span", { class: "unseen", role: "status" });
  const copy = button(say("web.receipt.copy"), { class: "copy" }, async () => {
    await toClipboard(code, copy);
    copy.firstChild.data = copied.textContent = say("web.receipt.copied");
  });
  const shown = element("p", { class: "code", translate: "no" }, ...groups.flatMap((one) => [one, " "]));
  const kept = element("p", { class: "small" }, say("web.receipt.kept"));
  return element("div", { class: "card" }, element("p", { class: "small" }, say("web.receipt")), shown, copy, copied, kept);
}

// The clipboard needs a secure page; elsewhere the old way does.
async function toClipboard(words, beside) {
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    const field = element("textarea", { class: "unseen", readonly: "" });
    field.value = words;
    beside.after(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    beside.focus();
  }
}

export function choices(entry, chosen) {
  const { shown, links } = entry;
  const rows = shown.rows.map((row, at) => {
    const leading = at === 0 && row.length === 1;
    return element("div", { class: "row" }, ...row.map((one) => choice(one, leading, links, chosen)));
  });
  return element("div", { class: "choices", role: "group", "aria-label": say("web.choices"), lang: shown.locale }, ...rows);
}

function choice(one, leading, links, chosen) {
  const plain = leading ? "primary" : "";
  const look = QUIET.includes(one.id) ? "quiet" : GRAVE.test(one.id) ? "danger" : plain;
  return button(one.label, { "data-choice": one.id, class: look }, () => chosen(one), ...preview(links[one.media]));
}

// What a choice is about, seen on its button; the label says the rest where it cannot be seen.
function preview(link) {
  if (!link) return [];
  const picture = element("img", { src: link, alt: "" });
  picture.addEventListener("error", () => picture.remove(), { once: true });
  return [picture];
}
