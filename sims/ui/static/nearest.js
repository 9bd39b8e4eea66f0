// A made picture in squares, each beside the training pictures nearest to it, and a scale that says how near that is.
const news = make("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
const body = make("div", { class: "nearest-body" });
const bar = make("progress", { max: "1", value: "0", "aria-label": "Progress" });
const what = make("span", {});
const working = make("div", { class: "nearest-working" }, bar, what);
root.append(working, body, news);
let drawn = "";

function mark(share, name, text) {
  return make("span", { class: name, style: `left: ${100 * share}%` }, text);
}

function axis({ end, least, low, high, places }) {
  const usual = make("span", { class: "nearest-usual", style: `left: ${(100 * low) / end}%; width: ${(100 * (high - low)) / end}%` });
  const dots = places.map((place) => mark(Math.min(1, place / end), "nearest-dot"));
  const spoken = `From 0, a copy. Held-out pictures: ${least.toFixed(2)} at least, usually ${low.toFixed(2)} to ${high.toFixed(2)}. This picture: ${places.map((place) => place.toFixed(2)).join(", ")}.`;
  return make("div", { class: "nearest-axis", role: "img", "aria-label": spoken },
    make("div", { class: "nearest-line" }, usual, mark(least / end, "nearest-least"), ...dots),
    make("div", { class: "nearest-words" }, mark(0, "nearest-word first", "0, a copy"), mark(1 / end, "nearest-word", "1, held-out pictures")),
  );
}

function square(src, text, name) {
  return make("figure", { class: `nearest-square${name ? "" : " nearest-own"}` }, make("img", { src, alt: name || "A part of the picture", title: name }), make("figcaption", {}, text));
}

function row({ src, neighbours }) {
  return make("div", { class: "nearest-row" }, square(src, "this picture", ""), ...neighbours.map((one) => square(one.src, one.distance, one.name)));
}

function draw() {
  const value = props.value || {};
  const { fraction = 0, what: doing = "", ...rest } = value;
  working.hidden = value.state !== "running";
  bar.value = fraction;
  what.textContent = doing;
  root.setAttribute("aria-busy", String(!working.hidden));
  const text = JSON.stringify(rest);
  if (text === drawn) return;
  drawn = text;
  const ended = value.state === "failed" ? value.error : value.state === "stopped" ? "Stopped." : "";
  const parts = [ended ? make("p", { class: "viewer-message", role: "alert" }, ended) : null, value.note ? make("p", {}, value.note) : null];
  if (value.rows) {
    news.textContent = value.judged;
    parts.push(make("p", { class: "nearest-judged" }, value.judged), axis(value.scale), make("p", {}, value.unit), make("div", { class: "nearest-rows" }, ...value.rows.map(row)));
  }
  body.replaceChildren(...parts.filter(Boolean));
}

show(draw);
