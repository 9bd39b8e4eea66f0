/* The editor: tools, keys and buttons around one layout, whose value it exchanges with Gradio. */

class Editor {
  constructor(root, session) {
    this.root = root;
    this.session = session; // layout, history and settings: what outlives this element
    this.view = new View(root);
    this.palette = new Palette(root, (picked) => this.choose(picked));
    this.tools = makeTools(this);
    this.gone = new AbortController();
    this.listen();
    this.observer = new ResizeObserver(() => this.view.fit());
    this.observer.observe(this.view.frame);
    this.useTool(session.tool);
    this.setBrush(session.brush);
    this.showLayout();
    if (session.unsent) this.sendSoon();
  }

  get layout() {
    return this.session.layout;
  }

  get current() {
    return this.session.current;
  }

  get brushSize() {
    return BRUSH_SIZES[this.session.brush];
  }

  get tool() {
    return this.tools[this.session.tool];
  }

  /* ---- Changing the layout: begin, touch every rectangle that changes, commit. */

  begin() {
    this.before = new Layout(this.layout.space, this.layout.width, this.layout.height, this.layout.ids.slice());
    this.dirty = null;
  }

  touch(rect) {
    this.dirty = union(this.dirty, rect);
    if (rect) this.view.redraw(rect);
  }

  commit(name = this.session.tool) {
    const { before, dirty } = this;
    this.before = null;
    if (dirty) this.remember(patchOf(before, dirty), patchOf(this.layout, dirty), name);
  }

  /* Puts another layout in the place of this one, as one step that can be undone. */
  replace(layout, name) {
    if (this.before) this.commit();
    this.letGo();
    const before = patchOf(this.layout, wholeOf(this.layout));
    this.session.layout = layout;
    this.showLayout();
    this.remember(before, patchOf(layout, wholeOf(layout)), name);
  }

  remember(before, after, name) {
    if (samePatch(before, after)) return;
    this.session.history.push({ before, after, name });
    this.changed();
  }

  step(direction) {
    if (this.before || (direction === "undo" && this.tool.key?.("Backspace"))) return; // a polygon's last corner first
    const step = this.session.history[direction]();
    if (!step) return;
    this.session.layout = applyPatch(this.layout, direction === "undo" ? step.before : step.after);
    this.showLayout();
    this.changed();
    this.say(`${direction === "undo" ? "Undone" : "Done again"}: ${step.name}.`);
  }

  /* Ends what the pointer is doing without painting. */
  letGo() {
    this.tool.leave?.();
    this.active = null;
    this.outline();
  }

  fillAll(id, name) {
    this.begin();
    this.touch(paintRect(this.layout, wholeOf(this.layout), id));
    this.commit(name);
  }

  newCanvas(width, height) {
    const inside = (side) => Number.isInteger(side) && side >= CONFIG.bounds[0] && side <= CONFIG.bounds[1];
    if (!inside(width) || !inside(height))
      return this.say(`A canvas is ${CONFIG.bounds[0]} to ${CONFIG.bounds[1]} pixels a side, in whole numbers.`);
    this.replace(Layout.blank(this.layout.space, width, height), "new canvas");
    this.toggleMenu(false);
  }

  /* ---- What the person sees */

  showLayout() {
    const { space, width, height } = this.layout;
    this.session.current = counterpart(this.current, this.layout);
    this.view.show(this.layout);
    const title = textElement("span", "le-title", `${space.title} · `);
    this.root.querySelector(".le-facts").replaceChildren(title, `${width} × ${height}`);
    this.showState();
  }

  showState() {
    const { history } = this.session;
    const counts = this.layout.counts();
    this.palette.show(this.layout.space, counts, this.current);
    this.root.classList.toggle("le-blank", counts[this.layout.space.unknown] === this.layout.ids.length);
    for (const [direction, steps, word] of [["undo", history.done, "Undo"], ["redo", history.undone, "Redo"]]) {
      const button = this.root.querySelector(`[data-do=${direction}]`);
      button.disabled = !steps.length;
      button.title = `${word}${steps.length ? ` ${steps.at(-1).name}` : ""} (Ctrl+${word === "Undo" ? "" : "Shift+"}Z)`;
    }
  }

  changed() {
    this.showState();
    this.say(this.tool.hint ?? "");
    this.session.unsent = true;
    this.sendSoon();
  }

  say(message) {
    this.root.querySelector(".le-message").textContent = message;
  }

  /* Draws the tool's outline at the pointer and names the class below it. */
  outline(point = this.pointer) {
    this.pointer = point;
    this.view.outline(point ? this.tool.outline?.(point) ?? [] : []);
    const found = point && this.classAt(point);
    const where = this.root.querySelector(".le-where");
    if (!found) return where.replaceChildren();
    const place = textElement("span", "le-place", `${Math.floor(point.x)}, ${Math.floor(point.y)}`);
    where.replaceChildren(swatch(found, this.layout.space), textElement("span", "le-name", found.name), place);
  }

  classAt(point) {
    const x = Math.floor(point.x), y = Math.floor(point.y);
    return this.layout.has(x, y) ? this.layout.space.byId[this.layout.ids[y * this.layout.width + x]] : null;
  }

  /* ---- Choosing */

  choose(picked) {
    this.session.current = picked;
    this.palette.select(picked);
    if (["eraser", "hand"].includes(this.session.tool)) this.useTool("brush");
  }

  useTool(name) {
    this.tool.leave?.();
    if (name === "eyedropper" && this.session.tool !== name) this.session.formerTool = this.session.tool;
    this.session.tool = name;
    for (const button of this.root.querySelectorAll("[data-tool]"))
      button.setAttribute("aria-pressed", String(button.dataset.tool === name));
    this.view.stage.dataset.tool = name;
    this.say(this.tool.hint ?? "");
    this.outline();
  }

  /* The eyedropper has picked: back to the tool before it. */
  pickedUp() {
    if (this.session.tool === "eyedropper") this.useTool(this.session.formerTool ?? "brush");
  }

  setBrush(index) {
    this.session.brush = Math.min(BRUSH_SIZES.length - 1, Math.max(0, index));
    const slider = this.root.querySelector(".le-size");
    slider.value = this.session.brush;
    slider.setAttribute("aria-valuetext", `${this.brushSize} pixels`);
    this.root.querySelector(".le-size-shown").textContent = `${this.brushSize} px`;
    this.outline();
  }

  toggleMenu(open) {
    const menu = this.root.querySelector(".le-menu");
    menu.hidden = !open;
    this.root.querySelector("[data-do=menu]").setAttribute("aria-expanded", String(open));
    if (open) menu.querySelector("button").focus();
  }

  /* ---- The value */

  sendSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), SEND_AFTER);
  }

  /* Gives Gradio the layout, if it has changed since. */
  send() {
    clearTimeout(this.timer);
    if (!this.session.unsent || this.before) return;
    this.session.unsent = false;
    this.exchange(this.layout.toValue());
    trigger("input");
  }

  exchange(value) {
    this.session.json = JSON.stringify(value);
    props.value = value && new Value(value);
    saveDraft(this.session.json);
  }

  /* Takes the value that Python has set. */
  receive(value) {
    const json = JSON.stringify(value);
    if (json === this.session.json) return;
    let layout;
    try {
      layout = layoutOf(value);
    } catch (error) {
      return this.say(error.message); // what is on the canvas stays
    }
    this.replace(layout, "new layout");
    clearTimeout(this.timer);
    this.session.unsent = false;
    this.exchange(value);
  }
}

/*
 * Svelte, which Gradio is built with, makes a signal of every number in a plain object and copies them one by one. An
 * object of a class it leaves alone and copies at once, which keeps layouts of many runs quick.
 */
class Value {
  constructor(value) {
    Object.assign(this, value);
  }
}

const SEND_AFTER = 400; // milliseconds without a change
