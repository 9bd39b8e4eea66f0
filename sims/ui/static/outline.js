// The map of a layout's segments: which segment is where, and its outline as an SVG path.
const SVG = "http://www.w3.org/2000/svg";

function segmentMap({ width, height, runs }) {
  const numbers = new Uint16Array(width * height);
  for (let i = 0, at = 0; i < runs.length; at += runs[i + 1], i += 2) numbers.fill(runs[i], at, at + runs[i + 1]);
  const paths = new Map();
  const at = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : numbers[y * width + x]);

  // The edges between pixels of which one belongs to the segment, each straight stretch as one line.
  function edges(number, across, along, differs, line) {
    let text = "";
    for (let a = 0; a <= across; a++) {
      for (let b = 0; b < along; b++) {
        const start = b;
        while (b < along && differs(a, b, number)) b++;
        if (b > start) text += line(a, start, b - start);
      }
    }
    return text;
  }
  function outline(number) {
    if (!number) return "";
    if (!paths.has(number)) {
      const level = (y, x, n) => (at(x, y) === n) !== (at(x, y - 1) === n);
      const upright = (x, y, n) => (at(x, y) === n) !== (at(x - 1, y) === n);
      const flat = edges(number, height, width, level, (y, x, length) => `M${x} ${y}h${length}`);
      paths.set(number, flat + edges(number, width, height, upright, (x, y, length) => `M${x} ${y}v${length}`));
    }
    return paths.get(number);
  }
  return { width, height, at, outline };
}

// A drawing to lie over a picture: the outlines of the segment that is selected, and of the one that is pointed at.
function overlay(map) {
  const node = document.createElementNS(SVG, "svg");
  node.setAttribute("viewBox", `0 0 ${map.width} ${map.height}`);
  node.setAttribute("preserveAspectRatio", "none");
  node.setAttribute("aria-hidden", "true");
  const paths = ["selected halo", "selected", "pointed halo", "pointed"].map((name) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    return node.appendChild(path);
  });
  function set(selected, pointed) {
    const other = pointed === selected ? 0 : pointed;
    paths.forEach((path, index) => path.setAttribute("d", map.outline(index < 2 ? selected : other)));
  }
  return { node, set };
}
