// How a picture came about: its segments in painting order, the pictures of all stages, and the result.
const view = make("section", { class: "stages-view", "aria-label": "Stages of a picture" });
const news = make("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
root.append(view, news);

let map = null, overlays = [], selected = 0, pointed = 0, opened = "", waited = false;

const legends = {
  canvas: () => [
    make("span", { class: "legend" }, make("span", { class: "swatch swatch-hole" }), "empty: the network paints it"),
    make("span", { class: "legend" }, make("span", { class: "swatch swatch-elided" }), "elided: the network blends it"),
  ],
  adapted: () => ["follows the shapes of what was pasted"],
  layout: (value) => [value.pictures[0].kind === "given" ? "what was left open is filled" : "click a segment for its candidates"],
  given: () => [make("span", { class: "legend" }, make("span", { class: "swatch swatch-hole" }), "left open")],
};

function outlines() {
  overlays.forEach((drawing) => (drawing.quiet ? drawing.set(0, pointed) : drawing.set(selected, pointed)));
  for (const button of view.querySelectorAll(".order-item")) {
    const number = Number(button.dataset.number);
    button.setAttribute("aria-pressed", String(number === selected));
    button.classList.toggle("pointed", number === pointed);
  }
}

function point(number) {
  if (number === pointed) return;
  pointed = number;
  outlines();
}

function select(number) {
  if (!number || number === selected) return;
  selected = number;
  outlines();
  reveal();
  trigger("select", { segment: number });
}

// Scrolls the list alone, never the page, until the selected segment is seen in it.
function reveal() {
  const button = view.querySelector(`.order-item[data-number="${selected}"]`), list = button?.parentElement;
  if (!button) return;
  const left = button.offsetLeft, right = left + button.offsetWidth;
  if (left < list.scrollLeft || right > list.scrollLeft + list.clientWidth) list.scrollLeft = left - (list.clientWidth - button.offsetWidth) / 2;
}

function numberAt(event) {
  const box = event.currentTarget.getBoundingClientRect();
  const x = Math.floor(((event.clientX - box.left) / box.width) * map.width);
  return map.at(x, Math.floor(((event.clientY - box.top) / box.height) * map.height));
}

// A picture under the outlines; pointing at it points at segments, and a click selects one.
function stage(kind, title, told, file, alt, names) {
  const drawing = { ...overlay(map), quiet: kind === "result" }; // what is selected would hide how it fits
  overlays.push(drawing);
  const tag = make("span", { class: "stage-tag", hidden: true });
  function move(event) {
    const number = numberAt(event), box = event.currentTarget.getBoundingClientRect();
    point(number);
    tag.hidden = !number;
    tag.textContent = names.get(number) || "";
    tag.style.left = `${Math.min(event.clientX - box.left + 12, box.width - tag.offsetWidth - 4)}px`;
    tag.style.top = `${Math.max(4, event.clientY - box.top - tag.offsetHeight - 8)}px`;
  }
  function leave() {
    tag.hidden = true;
    point(0);
  }
  const picture = make(
    "div",
    { class: "stage-picture", style: `aspect-ratio: ${map.width} / ${map.height}`, pointermove: move, pointerleave: leave, click: (event) => select(numberAt(event)) },
    make("img", { src: file.url, alt, draggable: "false" }),
    drawing.node,
    tag,
  );
  const caption = make("figcaption", {}, make("b", {}, title), make("span", { class: "stage-told" }, ...told));
  return make("figure", { class: "stage", "data-stage": kind }, picture, caption);
}

function orderItem(item) {
  const said = item.place ? `painted ${item.place} of ${props.value.strip.filter((other) => other.place).length}` : "nothing found for it";
  return make(
    "button",
    {
      type: "button",
      class: "order-item",
      "data-number": String(item.number),
      "aria-label": `Segment ${item.number}, ${item.name}, ${said}${item.picked ? ", chosen by hand" : ""}`,
      click: () => select(item.number),
      focus: () => point(item.number),
      blur: () => point(0),
      pointerenter: () => point(item.number),
      pointerleave: () => point(0),
    },
    make("span", { class: "order-piece" }, item.piece ? make("img", { src: item.piece, alt: "" }) : make("span", { class: "order-none" }, "none found")),
    make("span", { class: "order-name" }, make("b", {}, String(item.number)), ` ${item.name}`),
    item.picked ? make("span", { class: "order-picked" }, "chosen") : null,
  );
}

function order(value) {
  const list = make("div", { class: "order-list", role: "group", "aria-label": "Segments, hindmost first" }, ...value.strip.map(orderItem));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const buttons = [...list.children], next = buttons[buttons.indexOf(event.target) + step];
    if (!step || !next) return;
    event.preventDefault();
    next.focus();
  });
  return make("div", { class: "order" }, make("p", { class: "order-title" }, make("b", {}, "Painting order"), make("span", { class: "hint" }, "from the back to the front")), list);
}

function head(card, picked) {
  const undo_all = () => {
    view.setAttribute("aria-busy", "true");
    trigger("choose", { segment: 0, rank: -1 });
  };
  const undo = make("button", { type: "button", class: "quiet-button", "aria-label": "Undo all choices", click: undo_all }, "Undo all");
  const said = [card.title, `seed ${card.seed}`, card.said].filter(Boolean).join(" · ");
  return make(
    "header",
    { class: "stages-head" },
    make("div", {}, make("h2", { tabindex: "-1" }, "Stages"), make("p", { class: "hint" }, said)),
    picked ? undo : null,
    make("button", { type: "button", class: "quiet-button", click: () => trigger("close", {}) }, "Close"),
  );
}

// The picture before the last choice, as long as the button is held.
function before(value, image) {
  if (!value.before) return null;
  const show = (old) => { image.src = (old ? value.before : value.card.file).url; };
  const held = (event) => event.key === " " || event.key === "Enter";
  return make(
    "button",
    {
      type: "button",
      class: "quiet-button",
      pointerdown: () => show(true), pointerup: () => show(false), pointerleave: () => show(false), blur: () => show(false),
      keydown: (event) => held(event) && show(true), keyup: (event) => held(event) && show(false),
      contextmenu: (event) => event.preventDefault(),
    },
    "Hold for the one before",
  );
}

function result(value, names) {
  const { card } = value, total = card.seconds.reduce((sum, [, time]) => sum + time, 0);
  const node = stage("result", "Result", total ? [`made in ${seconds(total)}`] : [], card.file, `${card.title}, seed ${card.seed}`, names);
  const button = before(value, node.querySelector("img"));
  if (button) node.querySelector("figcaption").append(button);
  return node;
}

function drawWaiting({ card, waiting }) {
  const bar = make("progress", { "aria-label": "Opening the stages" });
  view.replaceChildren(head(card, false), make("div", { class: "stages-waiting" }, make("p", {}, waiting), bar));
}

function drawStages(value) {
  map = segmentMap(value.map);
  overlays = [];
  selected = value.selected;
  pointed = 0;
  const names = new Map(value.strip.map((item) => [item.number, `${item.number} ${item.name}`]));
  const pictures = value.pictures.map(({ kind, title, file }) => stage(kind, title, legends[kind](value), file, title, names));
  const notes = value.notes.map((note) => make("p", { class: "stages-note", role: "note" }, note));
  const scrolled = view.querySelector(".order-list")?.scrollLeft || 0;
  view.replaceChildren(
    head(value.card, value.strip.some((item) => item.picked)),
    ...notes,
    value.strip.length ? order(value) : make("p", { class: "stages-note" }, "No area of this layout is large enough to be sought in the memory."),
    make("div", { class: "stage-row", "data-count": String(pictures.length) }, ...pictures),
    result(value, names),
  );
  view.querySelector(".order-list")?.scrollTo({ left: scrolled });
  outlines();
  reveal();
}

// On a narrow page the result lies far above the candidates.
function seen(node) {
  const { top: start, bottom } = node.getBoundingClientRect();
  if (bottom < 80 || start > window.innerHeight - 80) node.scrollIntoView({ block: "nearest" });
}

function draw() {
  const value = props.value || {};
  const key = value.card ? value.card.key : "";
  if (!key) {
    view.replaceChildren();
    opened = "";
    return;
  }
  const first = !opened, changed = opened && opened !== key;
  view.removeAttribute("aria-busy");
  const focused = view.contains(document.activeElement);
  if (value.waiting) drawWaiting(value);
  else drawStages(value);
  opened = key;
  if (value.waiting) news.textContent = "Opening the stages.";
  else news.textContent = "The stages are shown.";
  if (first || (waited && !value.waiting)) root.scrollIntoView({ block: "start" });
  else if (changed && !value.waiting) seen(view.querySelector('[data-stage="result"]'));
  if (first || focused) view.querySelector("h2").focus({ preventScroll: true });
  waited = Boolean(value.waiting);
}

// Cards above come and go with every choice; what is worked with here stays where it is on the screen.
const desk = document.getElementById("stages-desk");
let top = 0;
window.addEventListener("scroll", () => { top = desk.getBoundingClientRect().top; }, { passive: true });
new ResizeObserver(() => {
  const moved = desk.getBoundingClientRect().top - top;
  if (opened && moved && desk.contains(document.activeElement)) window.scrollBy(0, moved);
}).observe(desk.previousElementSibling);

show(draw);
