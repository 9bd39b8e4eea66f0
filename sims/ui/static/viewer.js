// One picture and how it came about: before and after in one place, the pictures on the way, seconds, notes.
const empty = make("div", { class: "empty viewer-empty" });
const view = make("section", { class: "viewer-view", "aria-label": "Result" });
const news = make("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
root.append(empty, view, news);

let shown = null; // what is drawn: { key, state, text, ... }
let at = 50; // where before ends and after begins, in percent
let sides = [0, 0]; // the pictures of a finished one that are shown before and after
let looked = ["", ""]; // their names, as far as somebody chose them: the next picture keeps to them
let tiled = false;

// What else can be done with the result: an event, what its button says, and what that means.
const offers = [
  ["restyle", "Use as content", "Restyle this picture once more"],
  ["style", "Use as style", "Give this picture's look to another one"],
  ["example", "Use as example", "Make more of this texture"],
];

const pictures = () => props.value.pictures || [];
const isPair = () => props.value.pair && pictures().length > 1 && !pictures()[sides[1]]?.alone;
const names = () => pictures().map((picture) => picture.name).join("|");
const done = () => props.value.state === "done";

// ---- the picture itself

const left = make("img", { class: "viewer-before", alt: "", draggable: "false" });
const right = make("img", { class: "viewer-after", alt: "", draggable: "false" });
const tags = ["viewer-tag viewer-tag-before", "viewer-tag viewer-tag-after"].map((name) => make("span", { class: name }));
const knob = make("div", {
  class: "viewer-knob", role: "slider", tabindex: "0", "aria-label": "Where before ends and after begins",
  "aria-valuemin": "0", "aria-valuemax": "100", keydown: step,
});
const tiles = make("div", { class: "viewer-tiles", role: "img", hidden: true });
const line = make("div", { class: "viewer-line" }, knob);
const bar = make("progress", { max: "1", value: "0", "aria-label": "Progress" });
const what = make("span", {});
const working = make("div", { class: "viewer-working" }, bar, what);
const stage = make("div", { class: "viewer-stage" }, left, right, tiles, line, ...tags, working);

function place(percent) {
  at = Math.max(0, Math.min(100, percent));
  stage.style.setProperty("--at", `${at}%`);
  knob.setAttribute("aria-valuenow", String(Math.round(at)));
  knob.setAttribute("aria-valuetext", `${Math.round(at)} % ${tags[0].textContent}, the rest ${tags[1].textContent}`);
  tags[0].classList.toggle("faded", at < 12);
  tags[1].classList.toggle("faded", at > 88);
}

function step(event) {
  const moves = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
  if (!(event.key in moves)) return;
  event.preventDefault();
  place(at + moves[event.key]);
}

function drag(event) {
  const box = stage.getBoundingClientRect();
  place(((event.clientX - box.left) / box.width) * 100);
}
stage.addEventListener("pointerdown", (event) => {
  if (!isPair() || !done() || event.button !== 0) return;
  event.preventDefault();
  knob.focus({ preventScroll: true });
  stage.setPointerCapture(event.pointerId);
  drag(event);
});
stage.addEventListener("pointermove", (event) => {
  if (stage.hasPointerCapture(event.pointerId)) drag(event);
});

function source(image, url) {
  if (image.getAttribute("src") !== url) image.setAttribute("src", url);
}

function fill() {
  const list = pictures(), before = list[done() ? sides[0] : props.value.begin], after = list[sides[1]];
  const over = done() && isPair();
  const showing = over ? after : done() ? after : before;
  stage.dataset.mode = over ? "pair" : "single";
  stage.dataset.state = props.value.state;
  stage.style.setProperty("--ratio", String((showing?.width || props.value.width) / (showing?.height || props.value.height)));
  left.hidden = !over && !(before && !done()) && !props.value.preview;
  right.hidden = !done();
  if (over || (before && !done())) {
    source(left, before.file.url);
    left.alt = before.name;
  }
  if (!done() && props.value.preview) {
    source(left, props.value.preview);
    left.alt = "The picture so far";
  }
  if (done()) {
    source(right, after.file.url);
    right.alt = after.name;
  }
  tiles.hidden = !tiled || !done();
  if (!tiles.hidden) {
    tiles.style.backgroundImage = `url(${JSON.stringify(after.file.url)})`;
    tiles.setAttribute("aria-label", `${after.name}, two by two`);
    right.hidden = true;
  }
  tags[0].textContent = over ? before.name : "";
  tags[1].textContent = over ? after.name : "";
  working.hidden = !["waiting", "running"].includes(props.value.state);
  line.hidden = !over;
  place(at);
}

// ---- what lies below it

function choose(side, index) {
  sides[side] = index;
  looked[side] = pictures()[index].name;
  fill();
  for (const button of view.querySelectorAll(".viewer-side, .viewer-pick")) pressed(button);
}

// What somebody chose to look at, where this picture has that too; one that lies alone hides no new result.
function chosen() {
  const list = pictures(), usual = [props.value.begin, props.value.end];
  sides = looked.map((name, side) => {
    const index = list.findIndex((picture) => picture.name === name && !picture.alone);
    return index < 0 ? usual[side] : index;
  });
}

function pressed(button) {
  const { side, index } = button.dataset;
  button.setAttribute("aria-pressed", String(sides[Number(side)] === Number(index)));
}

function sideButton(side, index, name) {
  const word = side ? "right" : "left";
  const button = make("button", { type: "button", class: "viewer-side", "data-side": side, "data-index": index, "aria-label": `${name} on the ${word}`, click: () => choose(side, index) }, word);
  pressed(button);
  return button;
}

function stripItem(picture, index) {
  const pick = make(
    "button",
    { type: "button", class: "viewer-pick", "data-side": 1, "data-index": index, "aria-label": `Show ${picture.name}`, click: () => choose(1, index) },
    make("img", { src: picture.file.url, alt: "", loading: "lazy" }),
  );
  pressed(pick);
  const choices = props.value.pair && !picture.alone ? make("div", { class: "viewer-sides", role: "group", "aria-label": picture.name }, sideButton(0, index, picture.name), sideButton(1, index, picture.name)) : null;
  return make("figure", { class: "viewer-item" }, pick, make("figcaption", {}, picture.name), choices);
}

function strip() {
  const list = pictures();
  if (!done() || list.length < 2) return null;
  return make("div", { class: "viewer-strip", role: "group", "aria-label": "Pictures on the way" }, ...list.map(stripItem));
}

function times() {
  const list = props.value.seconds, sum = list.reduce((all, [, time]) => all + time, 0);
  if (!done() || !list.length) return null;
  const parts = list.map(([name, time], index) =>
    make("li", {}, make("span", { class: `viewer-dot shade-${index % 5}`, "aria-hidden": "true" }), `${name} `, make("b", {}, seconds(time))),
  );
  const share = sum > 0.05 ? make("div", { class: "viewer-bar", "aria-hidden": "true" }, ...list.map(([, time], index) => make("span", { class: `shade-${index % 5}`, style: `flex-grow: ${time / sum}` }))) : null;
  return make("div", { class: "viewer-times" }, share, make("ul", { "aria-label": "Seconds by stage" }, ...parts));
}

function actions() {
  if (!done()) return null;
  const quiet = ([event, text, title]) => (props.value.actions || []).includes(event) && make("button", { type: "button", class: "quiet-button", title, click: () => trigger(event, { key: props.value.key }) }, text);
  const tile = props.value.tiles
    ? make("button", { type: "button", class: "quiet-button", "aria-pressed": String(tiled), click: (event) => {
        tiled = !tiled;
        event.currentTarget.setAttribute("aria-pressed", String(tiled));
        fill();
      } }, "Show tiled 2×2")
    : null;
  return make(
    "div",
    { class: "card-actions viewer-actions" },
    make("a", { class: "quiet-button", href: props.value.file.url, download: props.value.file_name }, "Download"),
    ...[tile, full(), ...offers.map(quiet)].filter(Boolean),
  );
}

// Not every browser shows more than a film on the whole screen, and a page within another may not ask for it.
function full() {
  if (!stage.requestFullscreen || !document.fullscreenEnabled) return null;
  return make("button", { type: "button", class: "quiet-button", click: () => stage.requestFullscreen().catch(() => {}) }, "Full screen");
}

function head() {
  const value = props.value;
  const spent = value.seconds.reduce((sum, [, time]) => sum + time, 0);
  const size = `${value.width} × ${value.height}`;
  return [
    make("div", { class: "viewer-head" }, make("h3", {}, value.title), make("span", { class: "card-time" }, done() && spent ? seconds(spent) : "")),
    make("p", { class: "viewer-said" }, [size, value.said].filter(Boolean).join(" · ")),
  ];
}

function draw_all() {
  const value = props.value, notes = value.notes.map((note) => make("li", {}, note));
  const ended = value.state === "failed" || value.state === "stopped";
  const message = ended ? make("p", { class: "viewer-message", role: "alert" }, value.error || "Stopped. Nothing was changed; press the button to begin again.") : null;
  const below = [strip(), ...head(), times(), notes.length ? make("ul", { class: "card-notes" }, ...notes) : null, actions()];
  view.replaceChildren(...[stage, message, ...below].filter(Boolean));
  view.setAttribute("aria-busy", String(!working.hidden));
}

function draw() {
  const value = props.value || {};
  empty.hidden = Boolean(value.key);
  view.hidden = !value.key;
  if (!value.key) {
    empty.replaceChildren(make("p", { class: "empty-title" }, value.empty?.title || ""), make("p", {}, value.empty?.text || ""));
    shown = null;
    return;
  }
  const { fraction, what: doing, preview, ...rest } = value;
  const text = JSON.stringify(rest), other = !shown || shown.key !== value.key;
  bar.value = fraction;
  what.textContent = doing;
  if (done() && (other || shown.state !== value.state || shown.names !== names())) chosen();
  if (done() && shown && !other && shown.state !== value.state) news.textContent = `${value.title} is finished.`;
  fill();
  if (!shown || shown.text !== text) draw_all();
  if (other && value.state === "waiting") follow();
  shown = { key: value.key, state: value.state, text, names: names() };
}

// On a narrow page the picture lies below the button: a run that starts brings into view how far it is.
function follow() {
  if (root.getBoundingClientRect().top > window.innerHeight * 0.7) root.scrollIntoView({ block: "start" });
  working.scrollIntoView({ block: "nearest" });
}

show(draw);
