// By class, the lines that hatch it, in a tile of 16 px; those of the still picture.
const HATCHES = ["", ...[...document.querySelectorAll("pattern .line")].map((line) => line.getAttribute("d"))];

const classColours = () => [0, 1, 2, 3, 4].map((k) => rgb(`k${k}`));

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
  for (const area of svg.querySelectorAll(".area, .hatch")) area.remove(); // the still picture's
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
