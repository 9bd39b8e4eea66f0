/* The canvas: colours of the ids, the cursor and shape drawn over it, and the zoom. */

class View {
  constructor(root) {
    this.frame = root.querySelector(".le-frame"); // scrolls when zoomed in
    this.stage = root.querySelector(".le-stage"); // as large as the picture on the screen
    this.canvas = root.querySelector("canvas");
    this.overlay = root.querySelector(".le-overlay");
    this.percent = root.querySelector("[data-zoom-level]");
    this.zoom = 1; // 1 fits the frame
    this.stale = null; // what the next animation frame has to redraw
  }

  show(layout) {
    const resized = this.canvas.width !== layout.width || this.canvas.height !== layout.height;
    this.layout = layout;
    if (resized || !this.image) {
      this.canvas.width = layout.width;
      this.canvas.height = layout.height;
      this.overlay.setAttribute("viewBox", `0 0 ${layout.width} ${layout.height}`);
      this.image = this.canvas.getContext("2d").createImageData(layout.width, layout.height);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.zoom = 1;
    }
    this.fit();
    this.redraw(wholeOf(layout));
  }

  redraw(rect) {
    if (!this.stale) requestAnimationFrame(() => this.draw());
    this.stale = union(this.stale, rect);
  }

  draw() {
    const { left, top, right, bottom } = clip(this.layout, grown(this.stale));
    this.stale = null;
    const { ids, width, space } = this.layout;
    for (let y = top; y < bottom; y++) {
      for (let i = y * width + left, end = y * width + right; i < end; i++) {
        const id = ids[i];
        const edge = id !== (ids[i + 1] ?? id) || id !== (ids[i + width] ?? id);
        this.pixels[i] = edge ? space.edges[id] : space.pixels[id];
      }
    }
    this.canvas.getContext("2d").putImageData(this.image, 0, 0, left, top, right - left, bottom - top);
  }

  /* Sizes the stage: all of the layout in the frame's width and a part of the window's height, times the zoom. */
  fit() {
    const room = this.frame.offsetWidth;
    if (!room) return; // in a hidden tab; the observer calls again when it shows
    const tallest = Math.max(240, Math.min(0.62 * window.innerHeight, 760));
    const { width, height } = this.layout;
    const scale = Math.min(room / width, tallest / height);
    this.frame.style.height = `${Math.ceil(height * scale)}px`;
    this.frame.style.overflow = this.zoom > 1 ? "auto" : "hidden";
    this.scale = scale * this.zoom;
    this.stage.style.width = `${width * this.scale}px`;
    this.stage.style.height = `${height * this.scale}px`;
    this.canvas.classList.toggle("le-enlarged", this.scale >= 1);
    this.percent.textContent = `${Math.round(this.scale * 100)} %`;
    this.percent.parentElement.setAttribute("aria-label", `${this.percent.textContent}, zoom to fit`);
  }

  /* Zooms by a factor and keeps the point under (clientX, clientY), or the middle, where it is. */
  zoomBy(factor, clientX, clientY) {
    const frame = this.frame.getBoundingClientRect();
    const x = clientX === undefined ? frame.width / 2 : clientX - frame.left;
    const y = clientY === undefined ? frame.height / 2 : clientY - frame.top;
    const before = this.stage.getBoundingClientRect();
    const u = (frame.left + x - before.left) / before.width, v = (frame.top + y - before.top) / before.height;
    this.zoom = Math.min(MAX_ZOOM, Math.max(1, this.zoom * factor));
    this.fit();
    const after = this.stage.getBoundingClientRect();
    this.frame.scrollLeft += after.left + u * after.width - (frame.left + x);
    this.frame.scrollTop += after.top + v * after.height - (frame.top + y);
  }

  panBy(dx, dy) {
    this.frame.scrollLeft -= dx;
    this.frame.scrollTop -= dy;
  }

  /* The position of a pointer event in layout pixels, with fractions. */
  locate(event) {
    const box = this.stage.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.layout.width,
      y: ((event.clientY - box.top) / box.height) * this.layout.height,
    };
  }

  /* Keeps a point of the layout inside the frame while the keyboard moves the cursor. */
  reveal({ x, y }) {
    const { frame, scale } = this;
    const margin = 24;
    frame.scrollLeft = Math.min(x * scale - margin, Math.max(frame.scrollLeft, x * scale - frame.clientWidth + margin));
    frame.scrollTop = Math.min(y * scale - margin, Math.max(frame.scrollTop, y * scale - frame.clientHeight + margin));
  }

  /* Outlines over the canvas, each drawn dark below and light above: {tag: "circle" | "path", ...attributes}. */
  outline(shapes) {
    const lines = shapes.flatMap((shape) => [svgElement(shape, "le-halo"), svgElement(shape, "le-line")]);
    this.overlay.replaceChildren(...lines);
  }
}

const MAX_ZOOM = 16;

/* One pixel more on each side: a class boundary shows in the pixels left of it and above it. */
const grown = (rect) => ({
  left: rect.left - 1,
  top: rect.top - 1,
  right: rect.right + 1,
  bottom: rect.bottom + 1,
});

function svgElement({ tag, ...attributes }, name) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries({ ...attributes, class: name })) element.setAttribute(key, value);
  return element;
}

const ring = (x, y, size) => ({ tag: "circle", cx: x, cy: y, r: size / 2 });

/* A point that keeps its size on the screen whatever the zoom. */
const knot = ({ x, y }) => ({ tag: "path", d: `M${x} ${y}h0`, "stroke-linecap": "round", "data-knot": "" });

const trace = (points, closed) => ({
  tag: "path",
  d: points.map(({ x, y }, k) => `${k ? "L" : "M"}${x} ${y}`).join("") + (closed ? "Z" : ""),
});

const box = ({ left, top, right, bottom }) =>
  trace([{ x: left, y: top }, { x: right, y: top }, { x: right, y: bottom }, { x: left, y: bottom }], true);
