// Covers parts of a picture before it is sent: what is covered never leaves this device.
import { byId } from "./elements.js";
import { say } from "./words.js";

const LONGEST = 2560;
const QUALITY = 0.92;
// Solid, for a blur or a mosaic can be undone.
const COLOUR = "#111";
const LEAST = 8;

const dialog = byId("cover");
const canvas = byId("cover-canvas");
const brush = canvas.getContext("2d");
let picture = null;
let covered = [];
let drawn = null;
let covering = () => {};

export function setUp(send) {
  covering = send;
  const input = byId("cover-pick");
  input.addEventListener("change", () => {
    if (input.files.length) open(input.files[0]);
    input.value = "";
  });
  canvas.addEventListener("pointerdown", begin);
  canvas.addEventListener("pointermove", (event) => drawn && stretch(event));
  ["pointerup", "pointercancel"].forEach((name) => canvas.addEventListener(name, end));
  byId("cover-undo").addEventListener("click", undo);
  byId("cover-send").addEventListener("click", finish);
  dialog.addEventListener("close", forget);
}

async function open(file) {
  dialog.showModal();
  show(say("web.cover.how"), false);
  try {
    const whole = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(whole.width, whole.height));
    canvas.width = Math.max(1, Math.round(whole.width * scale));
    canvas.height = Math.max(1, Math.round(whole.height * scale));
    picture = whole;
    paint();
    show(say("web.cover.how"), true);
  } catch {
    show(say("web.cover.failed"), false);
  }
}

function show(words, ready) {
  byId("cover-words").textContent = words;
  canvas.hidden = byId("cover-send").hidden = byId("cover-undo").hidden = !ready;
  byId("cover-undo").disabled = !covered.length;
}

function begin(event) {
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  const [x, y] = where(event);
  drawn = { x, y, width: 0, height: 0 };
}

function stretch(event) {
  const [x, y] = where(event);
  drawn.width = x - drawn.x;
  drawn.height = y - drawn.y;
  paint();
}

function end() {
  if (drawn && Math.abs(drawn.width) > LEAST && Math.abs(drawn.height) > LEAST) covered.push(drawn);
  drawn = null;
  paint();
}

function undo() {
  covered.pop();
  paint();
}

// Where a finger is, in the picture's own pixels.
function where(event) {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
}

function paint() {
  if (!picture) return;
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
  brush.fillStyle = COLOUR;
  [...covered, ...(drawn ? [drawn] : [])].forEach((one) => brush.fillRect(one.x, one.y, one.width, one.height));
  byId("cover-undo").disabled = !covered.length;
}

function finish() {
  canvas.toBlob((blob) => {
    dialog.close();
    if (blob) covering([new File([blob], "picture.jpg", { type: "image/jpeg" })]);
  }, "image/jpeg", QUALITY);
}

function forget() {
  picture?.close();
  picture = drawn = null;
  covered = [];
  canvas.width = canvas.height = 1;
}
