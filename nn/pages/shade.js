// The lines that hatch each class, in a tile of 16 px.
const HATCHES = ["", "M-1 17L17 -1M-1 1L1 -1M15 17L17 15", "M-1 -1L17 17M-1 15L1 17M15 -1L17 1", "M0 8H16", "M8 0V16"];

const classColours = () => [0, 1, 2, 3, 4].map((k) => rgb(`k${k}`));

// For fields that are above 0 where the model answers a class: the class, and how sure the model is
// of it, from 0 to 1. Fields of logits have the scale 0; of others, the model is sure at the scale.
const best = (field) => field.reduce((top, x, c) => (x > field[top] || field[top] !== field[top] ? c : top), 0);
function answered(field, scale) {
  const k = best(field);
  const sure = scale === 0 ? Math.tanh(field[k] / 2) : Math.min(1, field[k] / scale);
  return [k, Math.max(0, sure) || 0];
}

// The line where a field is 0, on a grid with so many columns over the ground of a picture:
// marching squares (Lorensen & Cline 1987, in two dimensions).
function contour(ground, field, columns) {
  const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(ground.getAttribute(name)));
  const [right, above] = [columns - 1, field.length / columns - 1];
  const corner = (i, j) => [left + (width * i) / right, top + height - (height * j) / above, field[j * columns + i]];
  const cells = Array.from({ length: right * above }, (_, at) => [at % right, Math.floor(at / right)]);
  const sides = cells.flatMap(([i, j]) => crossed([corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)]));
  return sides.map((ends) => `M${ends.map((end) => end.map((x) => x.toFixed(1)).join(" ")).join("L")}`).join("");
}

// The lines across a cell where the field is 0, each between two of its sides.
function crossed(corners) {
  const crossings = corners.flatMap(([toX, toY, to], k) => {
    const [x, y, from] = corners.at(k - 1);
    if (from > 0 === to > 0) return [];
    const t = Number.isFinite(from - to) ? from / (from - to) : 0.5;
    return [[x + t * (toX - x), y + t * (toY - y)]];
  });
  if (!(corners.at(-1)[2] > 0)) crossings.push(...crossings.splice(0, 1)); // from a way out to a way in
  return crossings.length === 4 ? [crossings.slice(0, 2), crossings.slice(2)] : crossings.length === 2 ? [crossings] : [];
}

// Shades of a plane, drawn on a canvas below its SVG: at each place of the grid, row by row from
// the least y, a class and how sure the model is of it, from 0 to 1.
function shader(board, columns) {
  const svg = board.querySelector("svg");
  const ground = svg.querySelector(".ground");
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const [canvas, small] = [element("canvas", { "aria-hidden": "true" }), element("canvas")];
  const mask = element("canvas");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let last = [];
  board.classList.add("live");
  board.style.setProperty("--ratio", width / height);
  const at = (name) => Number(ground.getAttribute(name));
  canvas.style.left = `${(100 * at("x")) / width}%`;
  canvas.style.top = `${(100 * at("y")) / height}%`;
  canvas.style.width = `${(100 * at("width")) / width}%`;
  canvas.style.height = `${(100 * at("height")) / height}%`;
  canvas.width = 2 * at("width");
  canvas.height = 2 * at("height");
  board.prepend(canvas);

  function draw(places) {
    last = places;
    const rows = places.length / columns;
    const colours = classColours();
    pixels(places, columns, ([name, sure]) => [...colours[name % 5], 255 * (0.08 + 0.42 * sure)], small);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(small, 0.5, 0.5, columns - 1, rows - 1, 0, 0, canvas.width, canvas.height);
    HATCHES.forEach((way, name) => way === "" || hatch(context, name, way, columns, rows));
  }

  // Lines over the places of a class, so that it is known without its colour, too.
  function hatch(context, name, way, columns, rows) {
    pixels(last, columns, ([k]) => [0, 0, 0, k % 5 === name ? 255 : 0], small);
    [mask.width, mask.height] = [canvas.width, canvas.height];
    const pen = mask.getContext("2d");
    pen.drawImage(small, 0.5, 0.5, columns - 1, rows - 1, 0, 0, mask.width, mask.height);
    pen.globalCompositeOperation = "source-in";
    pen.fillStyle = pen.createPattern(tile(way), "repeat");
    pen.fillRect(0, 0, mask.width, mask.height);
    context.drawImage(mask, 0, 0);
  }

  function tile(way) {
    const made = element("canvas");
    [made.width, made.height] = [16, 16];
    const pen = made.getContext("2d");
    pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink");
    pen.globalAlpha = 0.3;
    pen.stroke(new Path2D(way));
    return made;
  }
  dark.addEventListener("change", () => draw(last));
  return draw;
}
