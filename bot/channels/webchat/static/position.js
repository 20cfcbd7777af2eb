// Asks the device where it is, and shows exactly what would be sent before anything is.
import { byId } from "./elements.js";
import { figures, picture } from "./places.js";
import { say } from "./words.js";

const PATIENCE = { enableHighAccuracy: true, timeout: 15000, maximumAge: 0 };
const DECIMALS = 1e5;
const TROUBLES = { 1: "denied", 2: "unavailable", 3: "timeout" };

const dialog = byId("position");
let place = null;
let found = () => {};
let asked = 0;

export function setUp(send) {
  found = send;
  byId("position-again").addEventListener("click", locate);
  byId("position-send").addEventListener("click", () => {
    dialog.close();
    found(place);
  });
}

export function open() {
  if (!dialog.open) dialog.showModal();
  locate();
}

function locate() {
  asked += 1;
  const mine = asked;
  const current = (work) => (result) => mine === asked && dialog.open && work(result);
  show(null, say("web.position.finding"));
  byId("position-again").hidden = true;
  if (!window.isSecureContext || !navigator.geolocation) {
    show(null, say("web.position.insecure"));
    return;
  }
  navigator.geolocation.getCurrentPosition(current(here), current(nowhere), PATIENCE);
}

function here({ coords }) {
  const rounded = (degrees) => Math.round(degrees * DECIMALS) / DECIMALS;
  const where = { latitude: rounded(coords.latitude), longitude: rounded(coords.longitude), accuracy: coords.accuracy };
  show(where, say("web.position.preview"));
  byId("position-again").hidden = false;
  byId("position-send").focus();
}

function nowhere(error) {
  show(null, say(`web.position.${TROUBLES[error.code]}`));
  byId("position-again").hidden = false;
}

function show(where, words) {
  place = where;
  byId("position-words").textContent = words;
  byId("position-picture").replaceChildren(...(where ? [picture(where, 200)] : []));
  byId("position-figures").textContent = where ? figures(where) : "";
  byId("position-only").hidden = byId("position-send").hidden = !where;
}
