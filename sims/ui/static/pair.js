// Two pictures in one place: a wipe between them, a blink, or their difference.
// `send(cell)`, if given, is offered for both of them.
function pairViewer(send) {
  const pictureA = make("img", { alt: "" });
  const pictureB = make("img", { alt: "", class: "pair-top" });
  const stage = make("div", { class: "pair-stage" }, pictureA, pictureB, make("span", { class: "pair-line" }));
  const wipe = make("input", { type: "range", min: "0", max: "100", value: "50", "aria-label": "Where the pictures meet", input: () => place() });
  const names = make("p", { class: "pair-names" });
  const sends = make("div", { class: "pair-sends" });
  const modes = ["Wipe", "Blink", "Difference"].map((mode) =>
    make("button", { type: "button", class: "quiet-button", "aria-pressed": String(mode === "Wipe"), click: () => choose(mode) }, mode),
  );
  const swap = make("button", { type: "button", class: "quiet-button", click: () => { swapped = !swapped; fill(); } }, "Swap");
  const bar = make("div", { class: "pair-bar" }, make("div", { class: "pair-modes", role: "group", "aria-label": "How to compare" }, ...modes), swap, sends, names);
  const node = make("section", { class: "pair", hidden: true, "aria-label": "Two pictures in detail" }, bar, stage, wipe);
  let shown = [], swapped = false, timer = null;

  function place() {
    stage.style.setProperty("--at", `${wipe.value}%`);
  }
  function choose(mode) {
    modes.forEach((button) => button.setAttribute("aria-pressed", String(button.textContent === mode)));
    stage.dataset.mode = mode.toLowerCase();
    wipe.hidden = mode !== "Wipe";
    clearInterval(timer);
    stage.classList.remove("pair-b");
    if (mode === "Blink") timer = setInterval(() => stage.classList.toggle("pair-b"), 700);
  }
  function drag(event) {
    const box = stage.getBoundingClientRect();
    wipe.value = String(Math.round(((event.clientX - box.left) / box.width) * 100));
    place();
  }
  function fill() {
    const [a, b] = swapped ? [shown[1], shown[0]] : shown;
    stage.style.aspectRatio = `${a.width} / ${a.height}`;
    for (const [image, cell] of [[pictureA, a], [pictureB, b]]) {
      if (image.getAttribute("src") !== cell.file.url) image.src = cell.file.url;
      image.alt = `${cell.title}, seed ${cell.seed}`;
    }
    names.replaceChildren(make("b", {}, "A"), ` ${a.title}, seed ${a.seed} `, make("b", {}, "B"), ` ${b.title}, seed ${b.seed}`);
    if (send) sends.replaceChildren(...[["A", a], ["B", b]].map(([letter, cell]) => make("button", { type: "button", class: "quiet-button", title: "Send to Style transfer", click: () => send(cell) }, `Restyle ${letter}`)));
  }
  stage.addEventListener("pointerdown", (event) => {
    if (stage.dataset.mode !== "wipe") return;
    stage.setPointerCapture(event.pointerId);
    drag(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) drag(event);
  });
  choose("Wipe");
  place();

  // `cells`: the two results to show; with fewer the viewer hides.
  function set(cells) {
    node.hidden = cells.length < 2;
    if (cells.length < 2) return;
    shown = cells;
    fill();
  }
  return { node, set };
}
