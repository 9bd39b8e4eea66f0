// The flat picture: what is looked at from within is framed in it, and a part of it can be marked, to be painted larger.
const LEAST = 8, STEP_PART = 0.02, STEP_SIZE = 1.15; // pixels that a mark has at least; steps of the keys, in shares and as a factor

const frames = [0, 1].map(() => make("div", { class: "strip-frame", hidden: true }));
const mark = make("div", { class: "strip-mark", hidden: true });
const tip = make("span", { class: "strip-tip" });
const zoomTool = make("button", { type: "button", class: "quiet-button", "aria-pressed": "false", title: "Mark a part of the picture, which is then painted larger", click: () => marking(mark.hidden) }, "Zoom");
const goTool = make("button", { type: "button", class: "quiet-button strip-go", click: go, hidden: true }, "Paint this part");
const backTool = make("button", { type: "button", class: "quiet-button", title: "Back to what was seen before", click: () => trigger("back") }, "Back");
const wholeTool = make("button", { type: "button", class: "quiet-button", title: "Back to the whole picture", click: () => trigger("whole") }, "Show all");
const strip_bar = make("div", { class: "strip-bar" }, tip, make("span", { class: "strip-tools" }, goTool, zoomTool, backTool, wholeTool));
let part = null; // what is marked: [left, top, width, height] in shares of the picture
let begun = null; // where a drag began

stage.append(...frames, mark);
stage.setAttribute("tabindex", "0");
stage.setAttribute("role", "group");
stage.setAttribute("aria-label", "The flat picture. Enter marks a part of it; then arrow keys move that, plus and minus change its size, Enter paints it, Escape lets go.");

const zoomable = () => Boolean(props.value?.zooms && done());
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

// Where the picture lies within the stage, which may be of another shape.
function bounds() {
  const box = stage.getBoundingClientRect(), ratio = props.value.width / props.value.height;
  const width = Math.min(box.width, box.height * ratio), height = width / ratio;
  return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height, box };
}

function shareOf(event) {
  const { left, top, width, height } = bounds();
  return [clamp((event.clientX - left) / width, 0, 1), clamp((event.clientY - top) / height, 0, 1)];
}

function lay(node, [left, top, width, height]) {
  const at = bounds();
  node.style.left = `${at.left - at.box.left + left * at.width}px`;
  node.style.top = `${at.top - at.box.top + top * at.height}px`;
  node.style.width = `${width * at.width}px`;
  node.style.height = `${height * at.height}px`;
}

function setPart(next) {
  part = next;
  mark.hidden = !part;
  goTool.hidden = !part || Boolean(begun); // a mouse paints as it lets go
  zoomTool.setAttribute("aria-pressed", String(Boolean(part)));
  if (!part) return;
  lay(mark, part);
  const percent = part.map((share) => Math.round(100 * share));
  news.textContent = `Marked: ${percent[2]} by ${percent[3]} percent of the picture, ${percent[0]} from the left and ${percent[1]} from the top.`;
}

function marking(on) {
  if (on && !zoomable()) return;
  setPart(on ? [0.25, 0.25, 0.5, 0.5] : null);
  stage.classList.toggle("marking", on); // a finger then marks, and scrolls no page
}

function go() {
  if (!part || !zoomable()) return;
  const [left, top] = part.map((share) => Math.round(1e4 * share));
  const [width, height] = [0, 1].map((side) => clamp(Math.round(1e4 * part[2 + side]), 1, 1e4 - [left, top][side]));
  marking(false);
  trigger("zoom", { left, top, width, height });
}

// ---- by mouse, pen and finger

stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !zoomable() || (event.pointerType === "touch" && !stage.classList.contains("marking"))) return;
  begun = { at: shareOf(event), x: event.clientX, y: event.clientY, moved: false };
  stage.setPointerCapture(event.pointerId);
});
stage.addEventListener("pointermove", (event) => {
  if (!begun) return;
  begun.moved ||= Math.hypot(event.clientX - begun.x, event.clientY - begun.y) > 4;
  if (!begun.moved) return;
  const [x, y] = shareOf(event), [left, top] = begun.at;
  setPart([Math.min(x, left), Math.min(y, top), Math.abs(x - left), Math.abs(y - top)]);
});
stage.addEventListener("pointerup", (event) => {
  if (!begun) return;
  const { moved, at } = begun, size = bounds();
  begun = null;
  if (!moved) lookAt(...at);
  else if (part[2] * size.width < LEAST || part[3] * size.height < LEAST) marking(false);
  else if (event.pointerType !== "touch") go();
  else setPart(part);
});
stage.addEventListener("pointercancel", () => {
  begun = null;
});

// ---- by keys

function moved([left, top, width, height], key) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const factor = { "+": STEP_SIZE, "=": STEP_SIZE, "-": 1 / STEP_SIZE }[key];
  if (steps) return [clamp(left + steps[0] * STEP_PART, 0, 1 - width), clamp(top + steps[1] * STEP_PART, 0, 1 - height), width, height];
  if (!factor) return null;
  const [w, h] = [clamp(width * factor, 0.02, 1), clamp(height * factor, 0.02, 1)];
  return [clamp(left + (width - w) / 2, 0, 1 - w), clamp(top + (height - h) / 2, 0, 1 - h), w, h];
}

stage.addEventListener("keydown", (event) => {
  if (event.target !== stage || !zoomable()) return;
  const next = part && moved(part, event.key);
  if (event.key === "Enter") part ? go() : marking(true);
  else if (event.key === "Escape" && part) marking(false);
  else if (next) setPart(next);
  else return;
  event.preventDefault();
});

// ---- what is looked at from within

function lookAt(x, y) {
  if (sphere.hidden || !ballView || !covers) return;
  ballView.lookAt((0.5 - y) * covers.vaov, (x - 0.5) * covers.haov, undefined, matchMedia("(prefers-reduced-motion: reduce)").matches ? false : 400);
}

function frame() {
  const seen = !sphere.hidden && ballView && covers && ball.clientWidth && !props.value?.preview && done();
  if (!seen) {
    for (const node of frames) node.hidden = true;
    return;
  }
  const { yaw, pitch, across } = looking(), { haov, vaov } = covers;
  const down = (2 * Math.atan((Math.tan(radians(across) / 2) * ball.clientHeight) / ball.clientWidth) * 180) / Math.PI;
  const width = Math.min(1, across / haov), left = 0.5 + yaw / haov - width / 2;
  const top = clamp(0.5 - (pitch + down / 2) / vaov, 0, 1), bottom = clamp(0.5 - (pitch - down / 2) / vaov, 0, 1);
  const over = left < 0 ? left + 1 : left + width > 1 ? left - 1 : null; // it goes on at the other side
  [left, over].forEach((at, index) => {
    const [from, to] = at === null ? [0, 0] : [clamp(at, 0, 1), clamp(at + width, 0, 1)];
    frames[index].hidden = to - from <= 0;
    if (to > from) lay(frames[index], [from, top, to - from, bottom - top]);
    frames[index].classList.toggle("goes-left", at !== null && at < 0);
    frames[index].classList.toggle("goes-right", at !== null && at + width > 1);
  });
}

let framed = "";
(function follow_view() {
  if (!root.isConnected) return; // the page was left
  const box = stage.getBoundingClientRect();
  const state = [ballView?.getYaw(), ballView?.getPitch(), ballView?.getHfov(), sphere.hidden, done(), box.width, box.height, props.value?.key].join();
  if (state !== framed) {
    framed = state;
    mend();
    frame();
    if (part) lay(mark, part);
  }
  requestAnimationFrame(follow_view);
})();
