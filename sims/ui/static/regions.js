// Two pictures and their regions, and for each region of the content whose look it takes.
const view = make("section", { class: "regions-view", "aria-label": "Regions" });
const news = make("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
root.append(view, news);

const CONTENT = 0, STYLE = 1;
const KEEP = "keep", SAME = "same"; // what a list says besides an id
let sides = [], told = "";

const percent = (share) => (share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`);
const chosen = () => (props.value.chosen || {})[props.value.kind] || {};
const regionOf = (side, id) => sides[side].regions.find((region) => region.id === id);

// The style's region whose look a region of the content takes; none where it stays as it is.
function target(region) {
  const said = chosen()[region.id];
  if (said === null) return undefined;
  return (said === undefined ? undefined : regionOf(STYLE, said)) || regionOf(STYLE, region.id);
}

// Why a region stays as it is, by the rules of the method; "" where it does not.
function reason(region) {
  const other = target(region), [fewest, furthest] = props.value.limits;
  if (!other) return chosen()[region.id] === null ? "stays as it is" : "stays as it is: the style has none";
  const [less, more] = [region.pixels, other.pixels].sort((a, b) => a - b);
  if (less <= fewest) return "stays as it is: too few pixels";
  return more >= furthest * less ? `stays as it is: ${furthest} times as large in one picture` : "";
}

function choose(region, said) {
  const pairs = { ...chosen() };
  if (said === SAME) delete pairs[region.id];
  else pairs[region.id] = said === KEEP ? null : Number(said);
  send(pairs);
}

// Gradio has the value from now on; it comes back here through `watch`, and only the rows are drawn anew.
function send(pairs) {
  props.value = { ...props.value, chosen: { ...props.value.chosen, [props.value.kind]: pairs } };
  view.querySelectorAll(".regions-row").forEach((row) => update(row));
  trigger("input");
}

/* ---- Pictures */

function paint(side, lit) {
  const { canvas, map, regions } = side;
  const context = canvas.getContext("2d"), pixels = context.createImageData(map.width, map.height);
  const colours = regions.map(({ colour }) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
  for (let y = 0, at = 0; y < map.height; y++) {
    for (let x = 0; x < map.width; x++, at += 4) {
      const number = map.at(x, y);
      const region = number ? regions[number - 1] : null;
      const seen = lit.size > 0 && region && lit.has(region.id);
      pixels.data.set(region ? colours[number - 1] : [128, 128, 128], at);
      pixels.data[at + 3] = seen ? 0 : lit.size ? 235 : 190; // what is pointed at shows the picture below
    }
  }
  context.putImageData(pixels, 0, 0);
}

// Shows one region of a picture, and those of the other one that belong to it.
function point(side, id) {
  const lit = [new Set(), new Set()];
  if (id !== null && side === CONTENT) {
    lit[CONTENT].add(id);
    const other = target(regionOf(CONTENT, id));
    if (other) lit[STYLE].add(other.id);
  } else if (id !== null) {
    lit[STYLE].add(id);
    for (const region of sides[CONTENT].regions) if (target(region)?.id === id) lit[CONTENT].add(region.id);
  }
  const state = lit.map((set) => [...set].join()).join(";");
  if (state === told) return;
  told = state;
  sides.forEach((each, index) => paint(each, lit[index]));
  for (const row of view.querySelectorAll(".regions-row")) row.classList.toggle("pointed", lit[CONTENT].has(Number(row.dataset.id)));
}

function picture(data, index) {
  const map = segmentMap(data.map), canvas = make("canvas", { width: String(map.width), height: String(map.height), "aria-hidden": "true" });
  const tag = make("span", { class: "regions-tag", hidden: true });
  const side = { ...data, map, canvas };
  const under = (event) => {
    const box = frame.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * map.width);
    return data.regions[map.at(x, Math.floor(((event.clientY - box.top) / box.height) * map.height)) - 1] || null;
  };
  function move(event) {
    const region = under(event), box = frame.getBoundingClientRect();
    point(index, region ? region.id : null);
    tag.hidden = !region;
    tag.textContent = region ? `${region.name} ${percent(region.share)}` : "";
    tag.style.left = `${Math.max(4, Math.min(event.clientX - box.left + 12, box.width - tag.offsetWidth - 4))}px`;
    tag.style.top = `${Math.max(4, event.clientY - box.top - tag.offsetHeight - 8)}px`;
  }
  function leave() {
    tag.hidden = true;
    point(index, null);
  }
  function go(event) {
    const region = under(event);
    if (region && index === CONTENT) view.querySelector(`.regions-row[data-id="${region.id}"] select`)?.focus();
  }
  const names = data.regions.map((region) => `${region.name} ${percent(region.share)}`).join(", ");
  const frame = make(
    "div",
    { class: "regions-picture", style: `aspect-ratio: ${data.ratio}`, pointermove: move, pointerdown: move, pointerleave: leave, click: go },
    make("img", { src: data.picture, alt: `${data.title} picture: ${names}`, draggable: "false" }),
    canvas,
    tag,
  );
  side.node = make("figure", {}, make("figcaption", {}, data.title), frame);
  return side;
}

/* ---- Rows */

function options(region) {
  const same = regionOf(STYLE, region.id);
  const others = sides[STYLE].regions.filter((other) => other.id !== region.id);
  return [
    make("option", { value: SAME }, same ? `${same.name} (${percent(same.share)})` : "the same: the style has none"),
    make("option", { value: KEEP }, "leave as it is"),
    make("optgroup", { label: "Another region of the style" }, ...others.map((other) => make("option", { value: String(other.id) }, `${other.name} (${percent(other.share)})`))),
  ];
}

function row(region) {
  const list = make(
    "select",
    { "aria-label": `Look of ${region.name}`, change: (event) => choose(region, event.target.value), focus: () => point(CONTENT, region.id), blur: () => point(CONTENT, null) },
    ...options(region),
  );
  const node = make(
    "li",
    { class: "regions-row", "data-id": String(region.id), pointerenter: () => point(CONTENT, region.id), pointerleave: () => point(CONTENT, null) },
    make("span", { class: "regions-swatch", style: `background: ${region.colour}` }),
    make("span", { class: "regions-name" }, region.name, make("span", { class: "regions-share" }, percent(region.share))),
    make("span", { class: "regions-arrow", "aria-hidden": "true" }, "→"),
    make("span", { class: "regions-swatch regions-target" }),
    list,
    make("span", { class: "regions-reason" }),
  );
  update(node, region);
  return node;
}

function update(node, region = regionOf(CONTENT, Number(node.dataset.id))) {
  const said = chosen()[region.id], other = target(region), why = reason(region);
  const known = said === null ? KEEP : said !== undefined && said !== region.id && regionOf(STYLE, said) ? String(said) : SAME;
  node.querySelector("select").value = known;
  node.querySelector(".regions-target").style.background = other && !why ? other.colour : "transparent";
  node.querySelector(".regions-reason").textContent = why;
  node.classList.toggle("changed", known !== SAME);
  const reset = view.querySelector(".regions-reset");
  if (reset) reset.disabled = Object.keys(chosen()).length === 0;
}

function reset() {
  send({});
  news.textContent = "Every region takes the look of the same one.";
}

function draw() {
  const value = props.value || {};
  const state = JSON.stringify({ ...value, chosen: null });
  if (value.sides && view.dataset.state === state) { // only the choices have changed
    view.querySelectorAll(".regions-row").forEach((node) => update(node));
    return;
  }
  view.dataset.state = value.sides ? state : "";
  view.setAttribute("aria-busy", String(Boolean(value.waiting)));
  if (!value.sides) {
    const bar = value.waiting ? make("progress", { "aria-label": value.waiting }) : null;
    view.replaceChildren(make("div", { class: "regions-empty" }, make("p", { class: "hint" }, value.waiting || value.empty || ""), bar || ""));
    news.textContent = value.waiting || value.empty || "";
    return;
  }
  told = "";
  sides = value.sides.map(picture);
  const notes = value.notes.map((note) => make("p", { class: "hint" }, note));
  view.replaceChildren(
    make("div", { class: "regions-pictures" }, ...sides.map((side) => side.node)),
    ...notes,
    make("ul", { class: "regions-list", "aria-label": "Regions of the content" }),
    make("button", { type: "button", class: "quiet-button regions-reset", click: reset }, "Pair the same regions again"),
  );
  view.querySelector("ul").append(...sides[CONTENT].regions.map(row));
  sides.forEach((side) => paint(side, new Set()));
  news.textContent = `${sides[CONTENT].regions.length} regions of the content are shown.`;
}

show(draw);
