// The coordinate embeddings of a generator as a picture, every place of their grid a square.
function draw() {
  const { file, width, height, text = "", shares = "", file_name } = props.value || {};
  const parts = [make("h3", { class: "inside-title" }, "Coordinate embeddings")];
  if (file) {
    const picture = make("img", { class: "embedding-picture", src: file.url, alt: "Principal components of the coordinate embeddings", width, height });
    parts.push(make("div", { class: "embedding-stage", style: `--ratio: ${width / height}` }, picture));
  }
  parts.push(make("p", {}, text), make("p", {}, shares));
  if (file) parts.push(make("div", { class: "card-actions viewer-actions" }, make("a", { class: "quiet-button", href: file.url, download: file_name }, "Download")));
  root.replaceChildren(...parts.filter((part) => part.tagName !== "P" || part.textContent));
}

show(draw);
