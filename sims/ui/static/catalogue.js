// The generators that are not at hand, with the reason and, where that helps, a button that pulls the checkpoint.
const search = make("input", { type: "search", placeholder: "Find a generator", "aria-label": "Find a generator", input: () => filter() });
const list = make("div", { class: "catalogue-list" });
const nothing = make("p", { class: "hint", hidden: true }, "No generator has that in its name.");
root.append(search, list, nothing);

function progress(item) {
  if (item.state !== "pulling") return null;
  return make(
    "div",
    { class: "catalogue-progress" },
    make("progress", { max: "1", value: String(item.fraction), "aria-label": `Pulling ${item.title}` }),
    make("span", {}, item.what),
  );
}

function row(item) {
  const pulling = item.state === "pulling";
  const click = () => trigger(pulling ? "halt" : "pull", { key: item.name });
  const pull = make("button", { type: "button", class: "quiet-button", click }, pulling ? "Stop" : "Pull");
  const text = make(
    "div",
    { class: "catalogue-text" },
    make("p", { class: "catalogue-title" }, item.title, item.verified ? "" : make("span", { class: "badge" }, "not yet verified")),
    make("p", { class: "hint" }, item.facts),
    make("p", { class: "catalogue-reason" }, item.reason),
    item.error ? make("p", { class: "catalogue-error", role: "alert" }, item.error) : null,
    progress(item),
  );
  const words = `${item.name} ${item.title} ${item.facts}`.toLowerCase();
  return make("div", { class: "catalogue-row", "data-name": item.name, "data-words": words }, text, item.can_pull ? pull : null);
}

function filter() {
  const wanted = search.value.trim().toLowerCase();
  let shown = 0;
  for (const node of list.querySelectorAll(".catalogue-row")) {
    node.hidden = !node.dataset.words.includes(wanted);
    shown += node.hidden ? 0 : 1;
  }
  nothing.hidden = shown > 0 || !list.children.length;
}

function draw() {
  const { items = [] } = props.value || {};
  list.replaceChildren(...(items.length ? items.map(row) : [make("p", { class: "hint" }, "Every generator of the catalogue is at hand.")]));
  filter();
}

show(draw);
