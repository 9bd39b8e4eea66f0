// Where the second style takes over, over the last picture: a soft step that is shown, or a mask that is painted.
const UNDO = 24, TINT = [36, 151, 140], SHADE = 190; // steps kept; the second style's colour, and how much of it is seen at most

const behind = make("canvas", { class: "mask-behind", "aria-hidden": "true" });
const sheet = make("canvas", { class: "mask-sheet", tabindex: "0", role: "application" });
const ring = make("div", { class: "mask-ring", hidden: true });
const place = make("div", { class: "mask-place" }, behind, sheet, ring);
const news = make("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
const slider = (name, value, max) => make("input", { type: "range", min: "0", max: String(max), value: String(value), "aria-label": name, input: () => round() });
const radius = slider("Size of the brush", 12, 40), soft = slider("Softness of the brush", 60, 100);
const choice = (text, on) => make("button", { type: "button", class: "quiet-button", "aria-pressed": String(on), click: () => paints(on) }, text);
const adds = choice("Second style", true), takes = choice("First style", false);
const tool = (text, title, click) => make("button", { type: "button", class: "quiet-button", title, click }, text);
const undo = tool("Undo", "Take back the last stroke", back), swap = tool("Invert", "Exchange the two styles", () => change((value) => 255 - value));
const clear = tool("Clear", "The first style everywhere", () => change(() => 0));
const bar = make("div", { class: "mask-bar" },
  make("span", { class: "pair-modes", role: "group", "aria-label": "What the brush paints" }, adds, takes),
  make("label", {}, "Size", radius), make("label", {}, "Softness", soft),
);
const hint = make("p", { class: "hint" }), changes = make("span", { class: "mask-tools" }, undo, swap, clear);
root.append(place, bar, make("div", { class: "mask-below" }, hint, changes), news);

let width = 0, height = 0, mask = new Uint8Array(), before = []; // before: what undo brings back
let text = "", over = "", picture = null, shownBehind = "";
let adding = true, stroke = null, band = null, cursor = [0.5, 0.5], sending = 0;

const value = () => props.value || {};
const steps = () => value().paints === false;

// ---- what is seen

function tint() {
  const context = sheet.getContext("2d"), pixels = context.createImageData(width, height);
  const row = steps() ? stepRow() : null;
  for (let at = 0; at < mask.length; at++) {
    const share = row ? row[at % width] : mask[at];
    pixels.data.set(TINT, 4 * at);
    pixels.data[4 * at + 3] = (share * SHADE) / 255;
  }
  context.putImageData(pixels, 0, 0);
}

// One row of a soft step, as `sims.blend.soft_step` makes it.
function stepRow() {
  const [centre, wide, softness] = value().step || [0, 0, 0], middle = band ?? centre;
  return Uint8Array.from({ length: width }, (_, x) => {
    let far = Math.abs((x + 0.5) / width - middle);
    if (value().wraps) far = Math.min(far, 1 - far);
    const within = wide / 2 - far;
    return 255 * (softness > 0 ? Math.max(0, Math.min(1, within / softness + 0.5)) : Number(within >= 0));
  });
}

// The picture, where it lies on the whole; what goes around goes on at the other side.
function backdrop() {
  const context = behind.getContext("2d"), { placed } = value().behind || {};
  context.clearRect(0, 0, width, height);
  if (!picture || !placed) return;
  const [left, top, across, down] = placed;
  for (const turn of value().wraps ? [-2, -1, 0, 1, 2] : [0]) context.drawImage(picture, (left + turn) * width, top * height, across * width, down * height);
}

function load_backdrop() {
  const url = value().behind?.file.url || "";
  if (url === shownBehind) return backdrop();
  shownBehind = url;
  picture = null;
  backdrop();
  if (!url) return;
  const image = new Image();
  image.onload = () => {
    if (shownBehind !== url) return;
    picture = image;
    backdrop();
  };
  image.src = url;
}

function round(event) {
  const box = sheet.getBoundingClientRect(), size = 2 * reach() * (box.width / width);
  const [x, y] = event ? [event.clientX - box.left, event.clientY - box.top] : [cursor[0] * box.width, cursor[1] * box.height];
  Object.assign(ring.style, { left: `${x}px`, top: `${y}px`, width: `${size}px`, height: `${size}px` });
}

// ---- painting

const reach = () => Math.max(2, (Number(radius.value) / 100) * height);

// Each point of a stroke counts once, the strongest touch of the brush: to go over it twice changes nothing.
function dab(x, y) {
  const far = reach(), hard = 1 - Number(soft.value) / 100;
  for (let row = Math.max(0, Math.floor(y - far)); row <= Math.min(height - 1, Math.ceil(y + far)); row++) {
    for (let column = Math.floor(x - far); column <= Math.ceil(x + far); column++) {
      const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y) / far;
      if (distance >= 1 || (!value().wraps && (column < 0 || column >= width))) continue;
      const fall = distance <= hard ? 1 : (1 - distance) / (1 - hard), touch = Math.round(255 * fall * fall * (3 - 2 * fall));
      const at = row * width + (((column % width) + width) % width);
      stroke.touched[at] = Math.max(stroke.touched[at], touch);
      const from = stroke.from[at];
      mask[at] = Math.round(from + (((adding ? 255 : 0) - from) * stroke.touched[at]) / 255);
    }
  }
}

function begin() {
  remember();
  stroke = { from: mask.slice(), touched: new Uint8Array(mask.length), last: null };
}

function drawTo(x, y) {
  const [px, py] = stroke.last || [x, y], count = Math.max(1, Math.ceil(Math.hypot(x - px, y - py) / (reach() / 3)));
  for (let index = 1; index <= count; index++) dab(px + ((x - px) * index) / count, py + ((y - py) * index) / count);
  stroke.last = [x, y];
  tint();
}

function at(event) {
  const box = sheet.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
}

function remember() {
  before.push(mask.slice());
  if (before.length > UNDO) before.shift();
  undo.disabled = false;
}

function back() {
  if (!before.length) return;
  mask = before.pop();
  undo.disabled = !before.length;
  tint();
  send();
  news.textContent = "The last stroke is taken back.";
}

function change(each) {
  remember();
  mask = mask.map(each);
  tint();
  send();
}

function paints(add) {
  adding = add;
  adds.setAttribute("aria-pressed", String(add));
  takes.setAttribute("aria-pressed", String(!add));
}

// What the server gets: the mask of the whole, whatever part of it the picture shows.
async function send() {
  const mine = ++sending, png = await greyPng(mask, width, height);
  if (mine !== sending) return; // painted on meanwhile
  text = png;
  props.value = { ...props.value, mask: text, over };
  trigger("input");
}

sheet.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  sheet.focus({ preventScroll: true });
  sheet.setPointerCapture(event.pointerId);
  if (steps()) return slide(event);
  begin();
  drawTo(...at(event));
});
sheet.addEventListener("pointermove", (event) => {
  ring.hidden = steps();
  round(event);
  if (!sheet.hasPointerCapture(event.pointerId)) return;
  if (steps()) slide(event);
  else if (stroke) drawTo(...at(event));
});
sheet.addEventListener("pointerleave", () => {
  ring.hidden = document.activeElement !== sheet || steps();
});
for (const end of ["pointerup", "pointercancel"]) {
  sheet.addEventListener(end, () => {
    if (stroke) send();
    if (band !== null) trigger("band", { centre: Math.round(100 * band) });
    stroke = null;
  });
}

// The band of a soft step follows the finger.
function slide(event) {
  band = Math.max(0, Math.min(1, at(event)[0] / width));
  tint();
}

sheet.addEventListener("keydown", (event) => {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (steps() || event.ctrlKey || event.metaKey || (!move && event.key !== " ")) return;
  event.preventDefault();
  if (move) {
    const far = reach() / 2;
    cursor = [0, 1].map((side) => Math.max(0, Math.min(1, cursor[side] + (move[side] * far) / [width, height][side])));
    ring.hidden = false;
    return round();
  }
  begin();
  drawTo(cursor[0] * width, cursor[1] * height);
  stroke = null;
  send();
  news.textContent = `Painted at ${Math.round(100 * cursor[0])} percent across and ${Math.round(100 * cursor[1])} percent down.`;
});

// ---- what comes from the server

// A mask of a picture that is opened again, or that was painted before this part was out of sight: it stays as it is
// until somebody paints on it, whatever its size.
function take(png) {
  text = png;
  const image = new Image();
  image.onload = () => {
    const canvas = make("canvas", { width, height }), context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    mask = mask.map((_, index) => data[4 * index]);
    before = [];
    undo.disabled = true;
    tint();
  };
  image.src = png;
}

function resize([rows, columns]) {
  if (rows === height && columns === width) return;
  [height, width] = [rows, columns];
  for (const canvas of [behind, sheet]) Object.assign(canvas, { width, height });
  place.style.aspectRatio = `${width} / ${height}`;
  mask = new Uint8Array(width * height);
  before = [];
  undo.disabled = true;
  text = "";
  shownBehind = "";
}

function draw() {
  const { size, load } = value();
  if (!size) return;
  if (!stroke) band = null;
  resize(size);
  if (load && load.key !== over) {
    const mine = value().over === load.key && value().mask; // painted over it since
    over = load.key;
    take(mine || load.mask);
  } else if (!text && value().mask) take(value().mask);
  load_backdrop();
  tint();
  bar.hidden = changes.hidden = steps();
  ring.hidden = true;
  sheet.setAttribute("aria-label", steps() ? "Where the second style lies" : "Paint where the second style shall be: arrow keys move the brush, the space bar paints");
  const whole = value().wraps ? "the whole way around" : "the whole picture";
  hint.textContent = steps() ? `The second style lies where it is tinted, in percent of ${whole}; drag to move it.` : `Paint where the second style shall be, on ${whole}.`;
  if (text && value().mask !== text) props.value = { ...value(), mask: text, over }; // painted meanwhile
}

show(draw);
