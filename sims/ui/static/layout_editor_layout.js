/* The layout under edit: one class id for every pixel, and the steps that led to it. Data only, no DOM. */

class Layout {
  constructor(space, width, height, ids) {
    this.space = space;
    this.width = width;
    this.height = height;
    this.ids = ids; // Uint8Array, row by row
  }

  static blank(space, width, height) {
    return new Layout(space, width, height, new Uint8Array(width * height).fill(space.unknown));
  }

  /* A layout from the value that travels to and from Python; throws an Error with one sentence. */
  static fromValue(value, spaces, bounds) {
    const space = Object.hasOwn(spaces, value.space) ? spaces[value.space] : null;
    if (!space) throw new Error(`There is no label space “${value.space}”.`);
    const { width, height, runs } = value;
    for (const side of [width, height])
      if (!Number.isInteger(side) || side < bounds[0] || side > bounds[1])
        throw new Error(`A layout is ${bounds[0]} to ${bounds[1]} pixels a side, not ${width} × ${height}.`);
    const layout = Layout.blank(space, width, height);
    if (fillRuns(layout, wholeOf(layout), runs) !== width * height)
      throw new Error(`The runs of a ${width} × ${height} layout do not add up to its pixels.`);
    const stray = layout.ids.find((id) => !space.byId[id]);
    if (stray !== undefined) throw new Error(`Id ${stray} is no class of ${space.title}.`);
    return layout;
  }

  toValue() {
    const { width, height } = this;
    return { space: this.space.name, width, height, runs: runsOf(this, wholeOf(this)) };
  }

  has(x, y) {
    return x >= 0 && y >= 0 && x < this.width && y < this.height;
  }

  /* How many pixels each of the 256 ids has. */
  counts() {
    const counts = new Uint32Array(256);
    for (const id of this.ids) counts[id]++;
    return counts;
  }
}

/* Rectangles are half-open: {left, top, right, bottom}. */
const wholeOf = (layout) => ({ left: 0, top: 0, right: layout.width, bottom: layout.height });

function union(a, b) {
  if (!a || !b) return a || b;
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/* The part of `rect` that lies on the layout, or null. */
function clip(layout, rect) {
  const left = Math.max(0, rect.left), right = Math.min(layout.width, rect.right);
  const top = Math.max(0, rect.top), bottom = Math.min(layout.height, rect.bottom);
  return left < right && top < bottom ? { left, top, right, bottom } : null;
}

/* The ids inside `rect`, row by row, as [id, length, id, length, ...]. */
function runsOf({ ids, width }, { left, top, right, bottom }) {
  const runs = [];
  let id = ids[top * width + left], length = 0;
  for (let y = top; y < bottom; y++) {
    for (let i = y * width + left, end = y * width + right; i < end; i++) {
      if (ids[i] === id) length++;
      else {
        runs.push(id, length);
        id = ids[i];
        length = 1;
      }
    }
  }
  runs.push(id, length);
  return runs;
}

/* Writes runs into `rect` of the layout; returns how many pixels they cover, or NaN if they do not fit. */
function fillRuns({ ids, width }, { left, top, right, bottom }, runs) {
  const area = (right - left) * (bottom - top);
  let covered = 0;
  for (let k = 0; k + 1 < runs.length; k += 2) {
    const id = runs[k];
    let length = runs[k + 1];
    if (!(length > 0) || covered + length > area) return NaN;
    while (length > 0) {
      const column = covered % (right - left);
      const part = Math.min(length, right - left - column);
      const start = (top + Math.floor(covered / (right - left))) * width + left + column;
      ids.fill(id, start, start + part);
      covered += part;
      length -= part;
    }
  }
  return covered;
}

/* What a rectangle of a layout held; a step of the history is two of these, before and after. */
function patchOf(layout, rect) {
  const { space, width, height } = layout;
  return { space, width, height, rect, runs: Uint32Array.from(runsOf(layout, rect)) };
}

/* The layout with a patch written into it: the same object, or a new one where size or space differ. */
function applyPatch(layout, patch) {
  const { space, width, height, rect, runs } = patch;
  const same = layout.space === space && layout.width === width && layout.height === height;
  const target = same ? layout : Layout.blank(space, width, height);
  fillRuns(target, rect, runs);
  return target;
}

const samePatch = (a, b) =>
  a.space === b.space && a.width === b.width && a.height === b.height && sameRuns(a.runs, b.runs);

const sameRuns = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

class History {
  constructor() {
    this.done = [];
    this.undone = [];
  }

  push(step) {
    this.done.push(step);
    this.undone = [];
    const size = (s) => s.before.runs.byteLength + s.after.runs.byteLength;
    let bytes = this.done.reduce((sum, s) => sum + size(s), 0);
    while (this.done.length > HISTORY_STEPS || (bytes > HISTORY_BYTES && this.done.length > 1))
      bytes -= size(this.done.shift());
  }

  undo() {
    const step = this.done.pop();
    if (step) this.undone.push(step);
    return step;
  }

  redo() {
    const step = this.undone.pop();
    if (step) this.done.push(step);
    return step;
  }
}

const HISTORY_STEPS = 200;
const HISTORY_BYTES = 64 * 2 ** 20;
