// Draws a position: a circle as wide as the accuracy, in a grid with a scale. No map is asked for:
// nobody else learns where somebody is looking.
import { drawing } from "./elements.js";
import { say } from "./words.js";

const STEPS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000];

export function figures(place) {
  const accuracy = say("web.position.accuracy", { metres: Math.max(1, Math.round(place.accuracy)) });
  return `${place.latitude.toFixed(5)}, ${place.longitude.toFixed(5)} · ${accuracy}`;
}

export function picture(place, height) {
  const width = height * 1.75;
  const reach = Math.max(25, place.accuracy * 1.6);
  const scale = height / 2 / reach;
  const step = STEPS.find((one) => one * scale >= height / 5) || STEPS.at(-1);
  const middle = [width / 2, height / 2];
  return drawing(
    "svg",
    { class: "place", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${say("web.position.picture")} ${figures(place)}` },
    ...grid(width, height, step * scale),
    drawing("circle", { class: "around", cx: middle[0], cy: middle[1], r: Math.max(4, place.accuracy * scale) }),
    drawing("circle", { class: "here", cx: middle[0], cy: middle[1], r: 6 }),
    drawing("path", { class: "scale", d: `M12 ${height - 12}v4h${step * scale}v-4` }),
    drawing("text", { x: 14, y: height - 15 }, length(step)),
    drawing("path", { class: "north", d: `M${width - 18} 28V10m-5 6 5-6 5 6` }),
    drawing("text", { x: width - 22, y: 42 }, "N"),
  );
}

function grid(width, height, step) {
  const lines = [];
  for (let x = (width / 2) % step; x < width; x += step) lines.push(`M${x} 0V${height}`);
  for (let y = (height / 2) % step; y < height; y += step) lines.push(`M0 ${y}H${width}`);
  return [drawing("path", { class: "grid", d: lines.join("") })];
}

function length(metres) {
  return metres < 1000 ? `${metres} m` : `${metres / 1000} km`;
}
