// A film that plays over and over: how it comes on, then the film, which can be halted.
const view = make("section", { class: "walk-view", "aria-label": "Film" });
const news = make("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
const image = make("img", { class: "walk-picture", alt: "", draggable: "false" });
const bar = make("progress", { max: "1", value: "0", "aria-label": "Progress" });
const what = make("span", {});
const working = make("div", { class: "viewer-working" }, bar, what);
const stage = make("div", { class: "walk-stage" }, image, working);
const below = make("div", { class: "walk-below" });
view.append(stage, below);
root.append(view, news);

const still = matchMedia("(prefers-reduced-motion: reduce)");
let plays = true;
let drawn = ""; // what lies below the film, as text

const finished = () => props.value.state === "done";

function play() {
  const value = props.value;
  const url = !finished() ? value.preview : plays ? value.film.url : value.poster.url;
  image.hidden = !url;
  if (url && image.getAttribute("src") !== url) image.setAttribute("src", url);
}

function toggle() {
  plays = !plays;
  play();
  fill();
}

function fill() {
  const value = props.value;
  const ended = value.state === "failed" ? value.error : value.state === "stopped" ? "Stopped. Press the button to begin again." : "";
  const message = ended ? make("p", { class: "viewer-message", role: "alert" }, ended) : null;
  const said = make("p", { class: "walk-said" }, `${value.width} × ${value.height} · ${value.said}`);
  const actions = finished()
    ? make("div", { class: "card-actions viewer-actions" },
        make("button", { type: "button", class: "quiet-button", click: toggle }, plays ? "Pause" : "Play"),
        make("a", { class: "quiet-button", href: value.film.url, download: value.file_name }, "Download"))
    : null;
  below.replaceChildren(...[message, said, actions].filter(Boolean));
}

function draw() {
  const value = props.value || {};
  view.hidden = !value.state;
  if (!value.state) return;
  const { fraction, what: doing, preview, ...rest } = value;
  stage.style.setProperty("--ratio", String(value.width / value.height));
  stage.hidden = !finished() && value.state !== "running";
  bar.value = fraction;
  what.textContent = doing;
  working.hidden = value.state !== "running";
  view.setAttribute("aria-busy", String(!working.hidden));
  image.alt = finished() ? "The film" : "The film so far";
  const text = JSON.stringify(rest);
  if (text !== drawn && finished()) {
    plays = !still.matches;
    news.textContent = "The film is finished.";
  }
  play();
  if (text !== drawn) fill();
  drawn = text;
}

show(draw);
