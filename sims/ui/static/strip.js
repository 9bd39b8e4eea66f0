// A row of small pictures to choose from: the sample layouts, and what was made in this session.
function draw() {
  const { items = [], empty = "" } = props.value || {};
  const buttons = items.map((item) =>
    make(
      "button",
      { type: "button", class: "strip-item", title: item.title, "data-key": item.key, click: () => trigger("choose", { key: item.key }) },
      make("img", { src: item.src, alt: "", loading: "lazy" }),
      make("span", {}, item.title),
    ),
  );
  root.replaceChildren(...(buttons.length ? buttons : [make("p", { class: "hint" }, empty)]));
}

show(draw);
