// One segment of the stages: what was found for it in the memory, what was pasted, and what could be pasted instead.
const panel = make("section", { class: "candidates-view", "aria-label": "Candidates of a segment" });
const news = make("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
root.append(panel, news);

let busy = false;

function choose(button, rank) {
  if (busy || button.getAttribute("aria-pressed") === "true") return;
  busy = true;
  button.classList.add("busy");
  panel.setAttribute("aria-busy", "true");
  news.textContent = "Painting again.";
  trigger("choose", { segment: props.value.number, rank });
}

function ordinal(number) {
  const last = number % 10, teen = Math.floor(number / 10) % 10 === 1;
  return number + ((!teen && { 1: "st", 2: "nd", 3: "rd" }[last]) || "th");
}

function candidate(found, rank, value) {
  const mask = found.mask.toFixed(2), context = found.context.toFixed(2), sum = (found.mask + found.context).toFixed(2);
  const chosen = rank === value.chosen;
  const bar = make(
    "span",
    { class: "score-bar" },
    make("span", { class: "score-mask", style: `width: ${50 * found.mask}%` }),
    make("span", { class: "score-context", style: `width: ${50 * found.context}%` }),
  );
  return make(
    "button",
    {
      type: "button",
      class: "candidate",
      "data-rank": String(rank),
      "aria-pressed": String(chosen),
      "aria-label": `Candidate ${rank + 1}, score ${sum}: mask IoU ${mask}, context IoU ${context}, from frame ${found.source}`,
      click: (event) => choose(event.currentTarget, rank),
    },
    make("span", { class: "candidate-picture" }, make("img", { src: found.cutout, alt: "" }), chosen ? make("span", { class: "candidate-chosen" }, "chosen") : null),
    make("span", { class: "score" }, make("span", {}, `${mask}+${context}`), make("b", {}, sum)),
    bar,
    make("span", { class: "candidate-source" }, `frame ${found.source}`),
  );
}

function way(value) {
  if (value.chosen === null || !value.place) return null;
  const told = value.moved ? "transformed to fit" : "transformation not kept: pasted as it was";
  const step = (src, title) => make("figure", {}, make("div", { class: "way-picture" }, make("img", { src, alt: "" })), make("figcaption", {}, title));
  return make(
    "div",
    { class: "way" },
    step(value.found[value.chosen].cutout, "in the memory"),
    make("span", { class: "way-arrow", "aria-hidden": "true" }, "→"),
    step(value.piece, told),
  );
}

function draw() {
  const value = props.value || {};
  const rank = panel.contains(document.activeElement) ? document.activeElement.dataset.rank : undefined;
  busy = false;
  panel.removeAttribute("aria-busy");
  document.querySelector(".stages-view[aria-busy]")?.removeAttribute("aria-busy"); // refused: that part was not drawn again
  if (!value.number) return panel.replaceChildren();
  const share = value.share < 0.01 ? "under 1 %" : `${Math.round(100 * value.share)} %`;
  const place = value.place ? `painted ${ordinal(value.place)} of ${value.painted}` : "not painted";
  const undo = value.drawn ? "Back to the drawn one" : "Back to the best";
  const known = value.found.length > 0;
  panel.replaceChildren(
    make(
      "div",
      { class: "candidates-head" },
      make("div", {}, make("h3", {}, make("span", { class: "candidates-number" }, String(value.number)), ` ${value.name}`), make("p", { class: "hint" }, `${share} of the picture · ${place}`)),
      value.picked ? make("button", { type: "button", class: "quiet-button", "data-rank": "-1", click: (event) => choose(event.currentTarget, -1) }, undo) : null,
    ),
    known ? way(value) : make("p", { class: "stages-note", role: "note" }, `Nothing in the memory fits this ${value.name}: nothing was pasted here, the network paints it alone.`),
    known
      ? make(
          "div",
          { class: "candidates-title" },
          make("h4", {}, "Candidates"),
          make("p", { class: "score-legend" }, make("span", { class: "swatch score-mask" }), "mask IoU", make("span", { class: "swatch score-context" }), "context IoU"),
          make("p", { class: "hint" }, "Choose another one, and the picture is made again with it."),
        )
      : null,
    make("div", { class: "candidates-grid" }, ...value.found.map((found, index) => candidate(found, index, value))),
  );
  if (rank !== undefined) (panel.querySelector(`[data-rank="${rank}"]`) || panel.querySelector('[aria-pressed="true"]'))?.focus({ preventScroll: true });
  if (news.textContent) news.textContent = value.refused ? "It could not be painted." : "Painted.";
}

show(draw);
