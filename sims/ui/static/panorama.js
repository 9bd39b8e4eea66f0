// The picture and all that is around it: seen from within, flat with its frame, and the seam where its edges meet.
const edges = make("canvas", { class: "seam-edges", role: "img", "aria-label": "The right edge of the picture and, beside it, its left edge" });
const ratio = make("b", { class: "seam-ratio" });
const told = make("p", { class: "seam-told" });
const seamBox = make("div", { class: "seam" },
  make("div", { class: "seam-picture" }, edges, make("span", { class: "seam-line", "aria-hidden": "true" })),
  make("div", { class: "seam-text" }, make("p", {}, "Seam ", ratio), told),
);
root.insertBefore(sphere, view);

// The two edges beside each other, as they meet where the picture goes all around.
function join(url) {
  if (edges.dataset.url === url) return;
  edges.dataset.url = url;
  const image = new Image();
  image.onload = () => {
    const { naturalWidth: width, naturalHeight: height } = image, each = Math.max(1, Math.min(height, Math.floor(width / 2)));
    Object.assign(edges, { width: 2 * each, height });
    const context = edges.getContext("2d");
    context.drawImage(image, width - each, 0, each, height, 0, 0, each, height);
    context.drawImage(image, 0, 0, each, height, each, 0, each, height);
  };
  image.src = url;
}

function seam() {
  const found = props.value.seam;
  seamBox.hidden = !found;
  if (!found) return;
  ratio.textContent = `${found.ratio} ×`;
  ratio.title = "The mean step across the edges, in mean steps between neighbouring columns";
  told.textContent = found.text;
  seamBox.classList.toggle("seam-open", !found.wraps);
  join(props.value.file.url);
}

function inside() {
  const value = props.value, whole = !value.window || value.window.join() === "0,0,1,1";
  backTool.hidden = wholeTool.hidden = whole;
  zoomTool.hidden = strip_bar.hidden = !value.zooms;
  tip.textContent = matchMedia("(pointer: coarse)").matches ? "" : sphere.hidden || !can ? "Drag a rectangle to paint that part larger." : "Click to look there, drag a rectangle to paint that part larger.";
}

function dress() {
  const value = props.value || {};
  if (!value.key) {
    surround("", null);
    return;
  }
  if (part && !zoomable()) marking(false);
  surround(done() ? value.file.url : value.preview, value.around);
  root.classList.toggle("with-sphere", !sphere.hidden);
  centreTool.hidden = !value.turns || !done();
  inside();
  seam();
  if (stage.previousSibling !== strip_bar) stage.before(strip_bar); // the viewer lays its own parts anew
  if (stage.nextSibling !== seamBox) stage.after(seamBox);
}

show(dress);
