// The comparison: a table of results, of which two can be laid over each other.
const table = make("table", { class: "sheet-table" });
const scroll = make("div", { class: "sheet-scroll", tabindex: "0", role: "region", "aria-label": "Comparison sheet" }, table);
const empty = make(
  "div",
  { class: "empty" },
  make("p", { class: "empty-title" }, "Nothing to compare yet"),
  make("p", {}, "Choose generators and what the rows are, then press Compare; or send pictures over from Layout synthesis."),
);
const pair = pairViewer((cell) => trigger("restyle", { key: cell.key }));
root.append(empty, scroll, pair.node);

let picked = []; // keys of the two pictures, A then B

const cells = () => (props.value?.rows || []).flatMap((row) => row.cells).filter((cell) => cell);
const done = () => cells().filter((cell) => cell.state === "done");

function pick(key) {
  picked = picked.includes(key) ? picked.filter((other) => other !== key) : [...picked.slice(-1), key];
  draw();
}

function cellNode(cell) {
  if (!cell) return make("td", { class: "sheet-none" });
  const box = `aspect-ratio: ${cell.width} / ${cell.height}`;
  if (cell.state !== "done") {
    const said = cell.error || (cell.state === "stopped" ? "Stopped" : cell.what);
    const bar = cell.state === "running" ? make("progress", { max: "1", value: String(cell.fraction), "aria-label": "Progress" }) : null;
    return make("td", {}, make("div", { class: "sheet-wait", style: box, "data-state": cell.state }, make("p", {}, said), bar));
  }
  const letter = { 0: "A", 1: "B" }[picked.indexOf(cell.key)];
  const total = cell.seconds.reduce((sum, [, time]) => sum + time, 0);
  return make(
    "td",
    {},
    make(
      "button",
      {
        type: "button",
        class: "sheet-cell",
        style: box,
        "aria-pressed": String(Boolean(letter)),
        "aria-label": `${cell.title}, seed ${cell.seed}: compare this picture`,
        click: () => pick(cell.key),
      },
      make("img", { src: cell.file.url, alt: "" }),
      letter ? make("span", { class: "sheet-letter" }, letter) : null,
      total ? make("span", { class: "sheet-time" }, seconds(total)) : null,
    ),
    cell.notes.length ? make("p", { class: "hint", title: cell.notes.join(" ") }, `${cell.notes.length} note${cell.notes.length > 1 ? "s" : ""}: ${cell.notes[0]}`) : null,
  );
}

function rowNode(row) {
  const head = make(
    "th",
    { scope: "row" },
    make("img", { class: "sheet-layout", src: row.layout, alt: "layout" }),
    row.style ? make("img", { class: "sheet-layout", src: row.style, alt: "style picture" }) : null,
    make("span", {}, row.title),
  );
  return make("tr", {}, head, ...row.cells.map(cellNode));
}

function draw() {
  const { columns = [], rows = [] } = props.value || {};
  empty.hidden = rows.length > 0;
  scroll.hidden = rows.length === 0;
  const ready = done();
  picked = picked.filter((key) => ready.some((cell) => cell.key === key));
  if (!picked.length && ready.length > 1) picked = ready.slice(0, 2).map((cell) => cell.key);
  const titles = columns.map((title) => make("th", { scope: "col" }, title));
  table.replaceChildren(
    make("thead", {}, make("tr", {}, make("td", {}), ...titles)),
    make("tbody", {}, ...rows.map(rowNode)),
  );
  table.style.setProperty("--columns", String(columns.length));
  pair.set(picked.map((key) => ready.find((cell) => cell.key === key)));
}

show(draw);
