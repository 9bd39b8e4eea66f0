/*
 * The tools. Each has down(point, event), and, where they make sense, drag, up, key and leave; outline(point) gives the
 * shapes to draw over the canvas. Points are in layout pixels, with fractions.
 */

function makeTools(editor) {
  return {
    brush: strokeTool(editor, () => editor.current.id),
    eraser: strokeTool(editor, () => editor.layout.space.unknown),
    fill: fillTool(editor),
    rectangle: rectangleTool(editor),
    polygon: polygonTool(editor),
    eyedropper: eyedropperTool(editor),
    hand: handTool(editor),
  };
}

const TOOL_KEYS = { b: "brush", e: "eraser", g: "fill", r: "rectangle", p: "polygon", i: "eyedropper", h: "hand" };

function strokeTool(editor, id) {
  let last = null, rows = null;
  const paint = (point) => {
    const corner = discCorner(point.x, point.y, editor.brushSize);
    editor.touch(paintLine(editor.layout, last ?? corner, corner, rows, id()));
    last = corner;
  };
  return {
    down(point) {
      editor.begin();
      rows = discRows(editor.brushSize);
      last = null;
      paint(point);
    },
    drag: paint,
    up: () => editor.commit(),
    outline({ x, y }) {
      const corner = discCorner(x, y, editor.brushSize);
      return [ring(corner.x + editor.brushSize / 2, corner.y + editor.brushSize / 2, editor.brushSize)];
    },
  };
}

function fillTool(editor) {
  return {
    down(point, event) {
      const x = Math.floor(point.x), y = Math.floor(point.y);
      if (!editor.layout.has(x, y)) return;
      const paint = event?.shiftKey ? replaceClass : floodFill;
      editor.begin();
      editor.touch(paint(editor.layout, x, y, editor.current.id));
      editor.commit();
    },
  };
}

function rectangleTool(editor) {
  let start = null;
  return {
    down: (point) => (start = point),
    up(point) {
      editor.begin();
      editor.touch(paintRect(editor.layout, rectBetween(start, point), editor.current.id));
      editor.commit();
      start = null;
    },
    leave: () => (start = null),
    outline: (point) => (start ? [box(rectBetween(start, point))] : []),
  };
}

function polygonTool(editor) {
  let points = [], pressed = null;
  const close = () => {
    if (points.length > 2) {
      editor.begin();
      editor.touch(paintPolygon(editor.layout, points, editor.current.id));
      editor.commit();
    }
    points = [];
    editor.outline();
  };
  const near = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) * editor.view.scale < CLOSE_ENOUGH;
  const again = (point) => pressed && Date.now() - pressed.time < DOUBLE_CLICK && near(pressed.point, point);
  return {
    hint: "Click to set corners; Enter, a double click or the first corner closes.",
    down(point) {
      if (points.length > 2 && (again(point) || near(points[0], point))) return close();
      if (!again(point)) points.push(point);
      pressed = { point, time: Date.now() };
    },
    key(key) {
      if (!points.length || !["Enter", "Escape", "Backspace"].includes(key)) return false;
      if (key === "Enter") close();
      else points = key === "Escape" ? [] : points.slice(0, -1);
      editor.outline();
      return true;
    },
    leave() {
      points = [];
    },
    outline: (point) => (points.length ? [trace([...points, point], points.length > 1), ...points.map(knot)] : []),
  };
}

const CLOSE_ENOUGH = 8; // CSS pixels
const DOUBLE_CLICK = 400; // milliseconds

function eyedropperTool(editor) {
  return {
    down(point) {
      const found = editor.classAt(point);
      if (found) editor.choose(found);
    },
    up: () => editor.pickedUp(),
  };
}

function handTool(editor) {
  let at = null;
  return {
    down: (_, event) => (at = event),
    drag(_, event) {
      editor.view.panBy(event.clientX - at.clientX, event.clientY - at.clientY);
      at = event;
    },
  };
}
