/* Pointer, keys and buttons of the editor. */

Editor.prototype.listen = function () {
  const { root, view, gone } = this;
  const on = (target, type, handler, options) =>
    target.addEventListener(type, handler, { signal: gone.signal, ...options });
  on(view.stage, "pointerdown", (event) => this.pointerDown(event));
  on(view.stage, "pointermove", (event) => this.pointerMove(event));
  on(view.stage, "pointerup", (event) => this.pointerUp(event));
  on(view.stage, "pointercancel", (event) => this.pointerUp(event));
  on(view.stage, "pointerleave", () => this.active || this.outline(null));
  on(view.stage, "contextmenu", (event) => event.preventDefault());
  on(view.frame, "wheel", (event) => this.wheel(event), { passive: false });
  on(root, "keydown", (event) => this.key(event));
  on(root, "click", (event) => this.click(event.target.closest("button")));
  on(root.querySelector(".le-size"), "input", (event) => this.setBrush(Number(event.target.value)));
  on(window, "resize", () => view.fit());
  // The value has to be there before anything else on the page reacts, such as a Generate button.
  for (const type of ["pointerdown", "click", "keydown"])
    on(document, type, (event) => this.outside(event), { capture: true });
  on(window, "pagehide", () => this.send());
};

Editor.prototype.outside = function ({ target }) {
  if (this.root.contains(target)) {
    if (!target.closest(".le-menu, [data-do=menu]")) this.toggleMenu(false);
    return;
  }
  this.toggleMenu(false);
  this.send();
};

Editor.prototype.pointerDown = function (event) {
  if (this.active || !event.isPrimary || event.button > 1) return;
  event.preventDefault();
  const { stage } = this.view;
  stage.focus({ preventScroll: true });
  stage.setPointerCapture(event.pointerId);
  this.active = event.button === 1 ? this.tools.hand : event.altKey ? this.tools.eyedropper : this.tool;
  const point = this.view.locate(event);
  this.active.down(point, event);
  this.outline(point);
};

Editor.prototype.pointerMove = function (event) {
  if (!event.isPrimary) return;
  const between = event.getCoalescedEvents?.() ?? [];
  if (this.active?.drag)
    for (const e of between.length ? between : [event]) this.active.drag(this.view.locate(e), e);
  this.outline(this.view.locate(event));
};

Editor.prototype.pointerUp = function (event) {
  if (!event.isPrimary || !this.active) return;
  const tool = this.active;
  this.active = null;
  if (event.type === "pointercancel" && tool.leave) tool.leave();
  else tool.up?.(this.view.locate(event));
  this.outline(event.pointerType === "mouse" ? this.view.locate(event) : null);
};

Editor.prototype.wheel = function (event) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  this.view.zoomBy(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
  this.outline(this.view.locate(event));
};

Editor.prototype.click = function (button) {
  if (!button || button.disabled) return;
  const { tool, do: action, size } = button.dataset;
  if (tool) this.useTool(tool);
  else if (size) this.newCanvas(...size.split("x").map(Number));
  else this.actions()[action]?.();
};

Editor.prototype.actions = function () {
  const { root, view, layout } = this;
  const side = (name) => root.querySelector(`[data-side=${name}]`).valueAsNumber;
  return {
    undo: () => this.step("undo"),
    redo: () => this.step("redo"),
    fill: () => this.fillAll(this.current.id, "fill all"),
    clear: () => this.fillAll(layout.space.unknown, "clear"),
    menu: () => this.toggleMenu(root.querySelector(".le-menu").hidden),
    create: () => this.newCanvas(side("width"), side("height")),
    "zoom-in": () => view.zoomBy(1.5),
    "zoom-out": () => view.zoomBy(1 / 1.5),
    "zoom-fit": () => view.zoomBy(0),
  };
};

Editor.prototype.key = function (event) {
  if (event.key === "Escape") {
    this.toggleMenu(false);
    if (this.active?.leave) this.letGo();
  }
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key === "Enter") {
    this.send();
    return trigger("submit");
  }
  if (event.target.matches("input:not([type=range])")) return;
  const handled = command ? this.commandKey(event) : !event.altKey && this.plainKey(event);
  if (handled) event.preventDefault();
};

Editor.prototype.commandKey = function ({ key, shiftKey }) {
  const direction = { z: shiftKey ? "redo" : "undo", y: "redo" }[key.toLowerCase()];
  if (direction) this.step(direction);
  return Boolean(direction);
};

Editor.prototype.plainKey = function (event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.target === this.view.stage && (this.tool.key?.(key) || this.cursorKey(key, event))) return true;
  const actions = {
    "[": () => this.setBrush(this.session.brush - 1),
    "]": () => this.setBrush(this.session.brush + 1),
    "/": () => this.palette.search.focus(),
    "+": () => this.view.zoomBy(1.5),
    "-": () => this.view.zoomBy(1 / 1.5),
    0: () => this.view.zoomBy(0),
  };
  const action = key in TOOL_KEYS ? () => this.useTool(TOOL_KEYS[key]) : actions[key];
  action?.();
  return Boolean(action);
};

/* The arrows move the cursor over the canvas and the space bar uses the tool there. */
Editor.prototype.cursorKey = function (key, { shiftKey }) {
  const { width, height } = this.layout;
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (!move && key !== " ") return false;
  const from = this.pointer ?? { x: width / 2, y: height / 2 };
  const far = shiftKey ? 10 : 1;
  const along = (at, by, length) => Math.min(length - 0.5, Math.max(0.5, Math.floor(at) + 0.5 + by * far));
  const point = move ? { x: along(from.x, move[0], width), y: along(from.y, move[1], height) } : from;
  if (!move) this.useAt(point);
  this.view.reveal(point);
  this.outline(point);
  this.say(`${this.classAt(point).name} at ${Math.floor(point.x)}, ${Math.floor(point.y)}`);
  return true;
};

/* One press of the tool; the rectangle takes a second one for its other corner. */
Editor.prototype.useAt = function (point) {
  if (this.session.tool === "hand") return;
  if (this.session.tool === "rectangle" && !this.corner) {
    this.tool.down(point);
    this.corner = true;
    return;
  }
  if (!this.corner) this.tool.down(point);
  this.corner = false;
  this.tool.up?.(point);
};
