// The cards of the last run, one a generator, and the large view that flips between them in place.
const grid = make("div", { class: "results-grid" });
const empty = make(
  "div",
  { class: "empty" },
  make("p", { class: "empty-title" }, "Pictures appear here"),
  make("p", {}, "Each chosen generator gets a card, side by side, as it finishes. A street is laid out already: press Generate."),
);
const news = make("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
const large = make("dialog", { class: "large", "aria-label": "Large view" });
root.append(empty, grid, news, large);

const drawn = new Map(); // key -> { node, text }
let open = null; // key of the card in the large view

const cards = () => (props.value || {}).cards || [];
const finished = () => cards().filter((card) => card.state === "done");

function stageText(card) {
  return card.seconds.map(([stage, time]) => `${stage} ${seconds(time)}`).join(" · ");
}

function picture(card) {
  const box = `aspect-ratio: ${card.width} / ${card.height}`;
  if (card.state === "done") {
    const image = make("img", { src: card.file.url, alt: `${card.title}, seed ${card.seed}`, draggable: "true" });
    return make(
      "button",
      { class: "card-picture", style: box, type: "button", "aria-label": `Open ${card.title} large`, click: () => enlarge(card.key) },
      image,
    );
  }
  if (card.state === "failed" || card.state === "stopped") {
    return make("div", { class: "card-picture card-message", style: box, role: "alert" }, make("p", {}, card.error || "Stopped."));
  }
  const bar = make("progress", { max: "1", value: String(card.fraction), "aria-label": `Progress of ${card.title}` });
  return make("div", { class: "card-picture card-waiting", style: box }, make("p", {}, card.what), bar);
}

function actions(card) {
  if (card.state !== "done") return null;
  const quiet = (event, text, told) =>
    make("button", { class: "quiet-button", type: "button", "aria-label": told.name, title: told.title, click: () => trigger(event, { key: card.key }) }, text);
  return make(
    "div",
    { class: "card-actions" },
    make("a", { class: "quiet-button", href: card.file.url, download: card.file_name }, "Download"),
    quiet("compare", "Compare", { name: "Send to Compare", title: "Send to Compare" }),
    quiet("restyle", "Restyle", { name: "Send to Style transfer", title: "Give this picture the look of another, region by region" }),
    quiet("reuse", "Reuse", { name: "Reuse settings", title: "Bring back this picture's layout and settings" }),
    card.stages ? quiet("stages", "Stages", { name: "Open the stages", title: "Segments, candidates, canvas: how this picture came about" }) : null,
    card.stages ? quiet("diverse", "Diverse", { name: "Make five diverse pictures", title: "Five pictures of this layout with other segments of the memory" }) : null,
  );
}

function draw_card(card) {
  const spent = card.seconds.reduce((sum, [, time]) => sum + time, 0);
  const total = card.state === "done" && spent ? seconds(spent) : ""; // nothing is spent on a picture that was kept
  const notes = card.notes.map((note) => make("li", {}, note));
  return make(
    "article",
    { class: "card", "data-state": card.state, "data-generator": card.generator, "aria-label": card.title },
    picture(card),
    make("div", { class: "card-head" }, make("h3", {}, card.title), make("span", { class: "card-time" }, total)),
    card.state === "done" ? make("p", { class: "card-stages" }, make("span", { class: "card-said" }, [`seed ${card.seed}`, card.said].filter(Boolean).join(" · ")), spent ? ` · ${stageText(card)}` : "") : null,
    card.completed ? make("p", { class: "card-completed" }, make("img", { src: card.completed, alt: "The completed layout" }), "The layout as it was completed first.") : null,
    notes.length ? make("ul", { class: "card-notes" }, ...notes) : null,
    actions(card),
  );
}

function update_running(node, card) {
  node.querySelector("progress").value = card.fraction;
  node.querySelector(".card-waiting p").textContent = card.what;
}

function place(card) {
  const text = JSON.stringify(card);
  const old = drawn.get(card.key);
  if (old && old.text === text) return old.node;
  const moving = ["waiting", "running"];
  if (old && moving.includes(card.state) && moving.includes(old.state)) {
    update_running(old.node, card);
    old.node.dataset.state = card.state;
    Object.assign(old, { text, state: card.state });
    return old.node;
  }
  const node = draw_card(card);
  if (old) old.node.replaceWith(node);
  if (old && card.state === "done") news.textContent = `${card.title} is finished.`;
  drawn.set(card.key, { node, text, state: card.state });
  return node;
}

// On a narrow page the cards lie below the button: a run that starts brings them into view.
function follow(list) {
  const started = list.length > 0 && list.every((card) => card.state === "waiting");
  if (started && root.getBoundingClientRect().top > window.innerHeight * 0.7) root.scrollIntoView({ block: "start" });
}

function draw() {
  const list = cards();
  empty.hidden = list.length > 0;
  grid.dataset.count = String(list.length);
  for (const key of [...drawn.keys()]) {
    if (list.some((card) => card.key === key)) continue;
    drawn.get(key).node.remove();
    drawn.delete(key);
  }
  list.forEach((card, index) => {
    const node = place(card);
    if (grid.children[index] !== node) grid.insertBefore(node, grid.children[index] || null);
  });
  follow(list);
}

function enlarge(key) {
  const card = finished().find((other) => other.key === key);
  if (!card) return;
  open = key;
  const several = finished().length > 1;
  large.replaceChildren(
    make("img", { src: card.file.url, alt: `${card.title}, seed ${card.seed}` }),
    make(
      "div",
      { class: "large-bar" },
      several ? make("button", { class: "quiet-button", type: "button", click: () => flip(-1) }, "Previous") : null,
      make("p", { "aria-live": "polite" }, `${card.title} · seed ${card.seed}`),
      several ? make("button", { class: "quiet-button", type: "button", click: () => flip(1) }, "Next") : null,
      make("button", { class: "quiet-button", type: "button", click: () => large.close() }, "Close"),
    ),
  );
  if (!large.open) large.showModal();
}

function flip(step) {
  const list = finished();
  const index = list.findIndex((card) => card.key === open);
  enlarge(list[(index + step + list.length) % list.length].key);
}

large.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  flip(step);
});
large.addEventListener("click", (event) => {
  if (event.target === large) large.close();
});

show(draw);
