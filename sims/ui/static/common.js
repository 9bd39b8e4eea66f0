// What every part of the page uses. Runs with Gradio's `element`, `trigger`, `props` and `watch`.
const root = element.querySelector(".part");

// An element with attributes, listeners (functions) and children (elements or text, which stays text).
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function seconds(value) {
  return value < 0.0995 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

function show(draw) {
  watch("value", draw);
  draw();
}
