/* What the tools do to the ids. Every function returns the rectangle that it may have changed, or null. */

const BRUSH_SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];

/* The rows of a hard-edged disc: [first column, end column] of each, counted from its bounding box's corner. */
function discRows(size) {
  const radius = size / 2;
  return Array.from({ length: size }, (_, row) => {
    const half = Math.sqrt(radius ** 2 - (row + 0.5 - radius) ** 2);
    return [Math.ceil(radius - half - 0.5), Math.floor(radius + half - 0.5) + 1];
  });
}

/* The corner of the disc's bounding box when the pointer is at (x, y), in pixels and fractions of them. */
const discCorner = (x, y, size) => ({ x: Math.round(x - size / 2), y: Math.round(y - size / 2) });

/* A disc drawn from one corner to the other without gaps. */
function paintLine(layout, from, to, rows, id) {
  const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), 1);
  for (let s = 0; s <= steps; s++) {
    const x = Math.round(from.x + ((to.x - from.x) * s) / steps);
    const y = Math.round(from.y + ((to.y - from.y) * s) / steps);
    rows.forEach(([start, end], row) => paintRow(layout, y + row, x + start, x + end, id));
  }
  const left = Math.min(from.x, to.x), top = Math.min(from.y, to.y);
  const right = Math.max(from.x, to.x) + rows.length, bottom = Math.max(from.y, to.y) + rows.length;
  return clip(layout, { left, top, right, bottom });
}

function paintRow({ ids, width, height }, y, start, end, id) {
  if (y < 0 || y >= height || start >= width || end <= 0) return;
  ids.fill(id, y * width + Math.max(0, start), y * width + Math.min(width, end));
}

function paintRect(layout, rect, id) {
  const inside = clip(layout, rect);
  if (inside) for (let y = inside.top; y < inside.bottom; y++) paintRow(layout, y, inside.left, inside.right, id);
  return inside;
}

/* The rectangle between two pointer positions, both pixels included. */
function rectBetween(a, b) {
  return {
    left: Math.floor(Math.min(a.x, b.x)),
    top: Math.floor(Math.min(a.y, b.y)),
    right: Math.floor(Math.max(a.x, b.x)) + 1,
    bottom: Math.floor(Math.max(a.y, b.y)) + 1,
  };
}

/* Every pixel whose centre lies inside the polygon, by the even-odd rule. */
function paintPolygon(layout, points, id) {
  let changed = null;
  for (let y = 0; y < layout.height; y++) {
    const cuts = crossings(points, y + 0.5);
    for (let k = 0; k + 1 < cuts.length; k += 2) {
      const left = Math.ceil(cuts[k] - 0.5), right = Math.ceil(cuts[k + 1] - 0.5);
      if (left >= right) continue;
      paintRow(layout, y, left, right, id);
      changed = union(changed, clip(layout, { left, top: y, right, bottom: y + 1 }));
    }
  }
  return changed;
}

/* Where the polygon's edges cut the horizontal line at height y, from left to right. */
function crossings(points, y) {
  const cuts = [];
  points.forEach((a, k) => {
    const b = points[(k + 1) % points.length];
    if (a.y <= y !== b.y <= y) cuts.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
  });
  return cuts.sort((a, b) => a - b);
}

/* The 4-connected region of one id around the pixel (x, y), row by row from a stack of seeds. */
function floodFill(layout, x, y, id) {
  const { ids, width, height } = layout;
  const target = ids[y * width + x];
  if (target === id) return null;
  let changed = null;
  const seeds = [y * width + x];
  while (seeds.length) {
    const seed = seeds.pop();
    if (ids[seed] !== target) continue;
    const row = Math.floor(seed / width), start = row * width;
    let left = seed, right = seed + 1;
    while (left > start && ids[left - 1] === target) left--;
    while (right < start + width && ids[right] === target) right++;
    ids.fill(id, left, right);
    if (row > 0) pushSeeds(seeds, ids, target, left - width, right - width);
    if (row + 1 < height) pushSeeds(seeds, ids, target, left + width, right + width);
    changed = union(changed, { left: left - start, top: row, right: right - start, bottom: row + 1 });
  }
  return changed;
}

/* Every pixel of the class at (x, y), wherever it is. */
function replaceClass(layout, x, y, id) {
  const { ids, width } = layout;
  const target = ids[y * width + x];
  if (target === id) return null;
  for (let i = 0; i < ids.length; i++) if (ids[i] === target) ids[i] = id;
  return wholeOf(layout);
}

/* One seed for each run of `target` among the pixels from `left` up to `right`. */
function pushSeeds(seeds, ids, target, left, right) {
  for (let i = left; i < right; i++)
    if (ids[i] === target && (i === left || ids[i - 1] !== target)) seeds.push(i);
}
