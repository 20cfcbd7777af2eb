// The menu, the language, and forgetting all that this browser keeps.
import { byId } from "./elements.js";
import { forgetEverything, onChange } from "./keep.js";
import { locale, locales, onLanguage, speak } from "./words.js";

export function setUp({ command }) {
  document.querySelectorAll("dialog").forEach(dismissable);
  byId("menu-open").addEventListener("click", () => byId("menu").showModal());
  byId("menu").querySelectorAll("[data-command]").forEach((one) => one.addEventListener("click", () => {
    byId("menu").close();
    command(one.dataset.command, "", one.textContent);
  }));
  byId("forget-open").addEventListener("click", () => {
    byId("menu").close();
    byId("forget").showModal();
  });
  byId("forget-yes").addEventListener("click", () => {
    forgetEverything();
    window.location.reload();
  });
  // Forgotten in another tab: this one starts anew with it.
  onChange("token", (kept) => kept === null && window.location.reload());
  onLanguage(offer);
  byId("language").addEventListener("click", () => {
    const wanted = other();
    speak(wanted);
    command("language", wanted, "");
  });
  offer();
}

function dismissable(dialog) {
  dialog.querySelectorAll("[data-close]").forEach((one) => one.addEventListener("click", () => dialog.close()));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

function other() {
  return locales[(locales.indexOf(locale()) + 1) % locales.length];
}

// Each language is offered in its own words.
function offer() {
  const name = new Intl.DisplayNames([other()], { type: "language" }).of(other());
  const button = byId("language");
  button.textContent = name;
  button.lang = other();
}
