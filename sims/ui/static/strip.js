// Small pictures to choose from, in rows: the sample layouts, and what was made in this session.
function itemNode(item) {
  return make(
    "button",
    { type: "button", class: "strip-item", title: item.title, "data-key": item.key, click: () => trigger("choose", { key: item.key }) },
    make("img", { src: item.src, alt: "", loading: "lazy" }),
    make("span", {}, item.title),
  );
}

function groupNode(group) {
  const row = make("div", { class: "strip-row", role: "group", "aria-label": group.title }, ...group.items.map(itemNode));
  return make("div", {}, group.title ? make("p", { class: "strip-title" }, group.title) : null, row);
}

function draw() {
  const { groups = [], empty = "" } = props.value || {};
  root.replaceChildren(...(groups.length ? groups.map(groupNode) : [make("p", { class: "hint" }, empty)]));
}

show(draw);
