// What is seen from within. Pannellum draws it, from a canvas in which the picture's edges run into each other.
const LEAST_WIDTH = 2048, MOST_WIDTH = 4096; // of the canvas: edges are as fine as its pixels
const WIDE = 100, NARROWEST = 20, WIDEST = 120; // degrees across that are seen: at first, and at least and at most

const ball = make("div", { class: "sphere-ball", role: "application", "aria-label": "The picture seen from within. Arrow keys look around, plus and minus zoom." });
const lens = (text, title, click, kind = "") => make("button", { type: "button", class: `sphere-button ${kind}`, title, "aria-label": title, click }, text);
const centreTool = lens("Centre here", "Turn the picture so that this is in its middle", () => trigger("centre", { degrees: Math.round(10 * looking().yaw) }), "sphere-wide");
const tools = make("div", { class: "sphere-tools" },
  centreTool,
  lens("−", "Zoom out", () => closer(1.25)),
  lens("+", "Zoom in", () => closer(0.8)),
  document.fullscreenEnabled ? lens("⤢", "Full screen", wide) : null,
);
const without = make("p", { class: "sphere-without" }, "This browser has no WebGL, which the view from within needs; the flat picture below shows everything.");
const sphere = make("section", { class: "sphere", "aria-label": "Seen from within", hidden: true }, ball, tools, without);
let last = { yaw: 0, pitch: 0, across: WIDE }, ballView = null, covers = null, wanted = null, drawnFrom = "";

const can = (() => {
  const probe = make("canvas").getContext("webgl");
  probe?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(probe);
})();
without.hidden = can;
ball.hidden = tools.hidden = !can;
sphere.classList.toggle("sphere-none", !can);

const finite = (view) => Object.values(view).every(Number.isFinite);
// What is looked at: yaw from -180 to 180, pitch, and the degrees across.
function looking() {
  const now = ballView ? { yaw: (((ballView.getYaw() % 360) + 540) % 360) - 180, pitch: ballView.getPitch(), across: ballView.getHfov() } : last;
  if (finite(now)) last = now;
  return last;
}

const radians = (degrees) => (degrees * Math.PI) / 180;

function closer(factor) {
  ballView?.setHfov(looking().across * factor, matchMedia("(prefers-reduced-motion: reduce)").matches ? false : 250);
}

function wide() {
  if (document.fullscreenElement) document.exitFullscreen();
  else sphere.requestFullscreen().then(() => ball.focus()).catch(() => {});
}

// ---- the canvas

// The picture as Pannellum wants it: its left edge goes on at the right, and its rows divide the elevation evenly.
function globe(image, { haov, vaov, level }) {
  const width = Math.max(LEAST_WIDTH, Math.min(MOST_WIDTH, image.naturalWidth));
  const height = Math.max(16, Math.min(MOST_WIDTH, Math.round((width * vaov) / haov)));
  const canvas = make("canvas", { width, height }), context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  if (level) rows(context, image, width, height, vaov);
  else if (haov === 360) closed(context, image, width, height);
  else context.drawImage(image, 0, 0, width, height);
  return canvas;
}

// Drawn with some columns more at both sides, so that it is smoothed across the edges too.
function closed(context, image, width, height) {
  const own = image.naturalWidth, more = Math.min(4, own), padded = make("canvas", { width: own + 2 * more, height: image.naturalHeight });
  for (const left of [more - own, more + own, more]) padded.getContext("2d").drawImage(image, left, 0);
  const scale = width / own;
  context.drawImage(padded, -more * scale, 0, width + 2 * more * scale, height);
}

// Rows that divide the height of a cylinder evenly lie closer together the higher they are.
function rows(context, image, width, height, vaov) {
  const top = Math.tan(radians(vaov) / 2);
  for (let y = 0; y < height; y++) {
    const up = Math.tan(radians((0.5 - (y + 0.5) / height) * vaov)) / top;
    const from = Math.max(0, Math.min(image.naturalHeight - 1, ((1 - up) / 2) * image.naturalHeight - 0.5));
    context.drawImage(image, 0, from, image.naturalWidth, 1, 0, y, width, 1);
  }
}

// ---- the viewer

function build(canvas) {
  const { yaw, pitch, across } = looking();
  ballView?.destroy();
  const { haov, vaov } = covers, bounded = haov < 360 ? { minYaw: -haov / 2, maxYaw: haov / 2 } : {};
  ballView = pannellum.viewer(ball, {
    type: "equirectangular", panorama: canvas, dynamic: true, autoLoad: true, haov, vaov, ...bounded,
    minPitch: -vaov / 2, maxPitch: vaov / 2, yaw, pitch, hfov: Math.min(across, haov), minHfov: NARROWEST, maxHfov: Math.min(WIDEST, haov),
    showControls: false, avoidShowingBackground: true, friction: 0.3, backgroundColor: [0.11, 0.11, 0.1],
  });
  ballView.setUpdate(false); // begins
}

// Pannellum would send a canvas to the graphics processor with every frame; once is enough.
function refresh(canvas) {
  ballView.getRenderer().init(canvas, "equirectangular", false, radians(covers.haov), radians(covers.vaov), 0, () => ballView.setUpdate(false), { backgroundColor: [0.11, 0.11, 0.1] });
}

function put() {
  if (!wanted || !ball.clientWidth) return; // in a tab that nobody sees; it is put there when it is seen
  const { image, around } = wanted, canvas = globe(image, around);
  const other = !ballView || JSON.stringify(around) !== JSON.stringify(covers);
  covers = around;
  wanted = null;
  if (other) build(canvas);
  refresh(canvas);
}

// Shows a picture from its address; the one before stays until it has come.
function surround(url, around) {
  sphere.hidden = !around;
  if (!around || !can || !url || drawnFrom === url) return;
  drawnFrom = url;
  const image = new Image();
  image.onload = () => {
    if (drawnFrom !== url) return;
    wanted = { image, around };
    put();
  };
  image.src = url;
}

new ResizeObserver(() => {
  if (!ball.clientWidth) return;
  if (wanted) put();
  ballView?.resize();
  mend();
}).observe(ball);

// A window that changes while this is out of sight has no width for Pannellum, and from then on it looks nowhere.
function mend() {
  if (!ballView || !ball.clientWidth || finite([ballView.getYaw(), ballView.getPitch(), ballView.getHfov()])) return;
  ballView.stopMovement();
  ballView.resize();
  ballView.setHfov(last.across, false);
  ballView.setPitch(last.pitch, false);
  ballView.setYaw(last.yaw, false);
}

// The wheel scrolls the page, unless somebody has begun to look around.
for (const wheel of ["mousewheel", "DOMMouseScroll", "wheel"]) {
  ball.addEventListener(wheel, (event) => {
    if (!document.fullscreenElement && !ball.contains(document.activeElement)) event.stopPropagation();
  }, true);
}
