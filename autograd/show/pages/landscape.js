// The result over two chosen leaves, all others as they are now, with the path of the steps.
const [ACROSS, DOWN] = [300, 240];
const [COARSE, FINE, WORK] = [9, 33, 60000]; // cells of a side, and nodes that may be computed
const BANDS = 12; // of shades: where one ends is a contour
const terrain = byId("landscape");
let trail = []; // before and after each step, the leaves' numbers
let range = null; // of both leaves, the least and the greatest number

const pair = () => ["east", "north"].map((id) => nodes[Number(byId(id).value)]);
const along = ([low, high], share) => low + share * (high - low);

// Around these numbers, with room for steps to come.
function around(xs) {
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const half = 0.75 * Math.max(high - low, Math.abs(low + high) / 2, 1);
  return [(low + high) / 2 - half, (low + high) / 2 + half];
}

// The result where the two leaves have these numbers; NaN where an operation refuses.
function height(two, place) {
  try {
    return recorded(new Map(two.map((leaf, k) => [leaf.index, place[k]])))[root.index].data;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return NaN;
  }
}

// In the middle of each cell, row by row from the south.
function heights(two) {
  const side = Math.max(COARSE, Math.min(FINE, Math.floor(Math.sqrt(WORK / nodes.length))));
  const at = (i) => (i + 0.5) / side;
  return Array.from({ length: side * side }, (_, i) =>
    height(two, [along(range[0], at(i % side)), along(range[1], at(Math.floor(i / side)))]),
  );
}

function shadeTerrain(cells, low, high) {
  const colour = rgb("accent");
  const band = (z) => Math.min(BANDS - 1, Math.floor(BANDS * Math.sqrt((z - low) / (high - low || 1))));
  const shade = (z) => [...colour, Number.isFinite(z) ? 20 + (200 * band(z)) / (BANDS - 1) : 0];
  pixels(cells, Math.sqrt(cells.length), shade, terrain.querySelector("canvas"));
}

function drawLandscape() {
  if (!terrain.open) return;
  const two = pair();
  const path = [...trail.map((numbers) => two.map((leaf) => numbers[leaves.indexOf(leaf)])), two.map((leaf) => leaf.data)];
  const inside = (x, k) => x >= range[k][0] && x <= range[k][1];
  if (range === null || !path.at(-1).every(inside)) range = two.map((_, k) => around(path.map((point) => point[k]).filter(Number.isFinite)));
  const cells = heights(two);
  const [low, high] = spanOf(cells);
  shadeTerrain(cells, low, high);
  const share = (x, k) => (x - range[k][0]) / (range[k][1] - range[k][0]);
  const places = path.map(([x, y]) => [ACROSS * share(x, 0), DOWN * (1 - share(y, 1))].map((z) => z.toFixed(1)));
  byId("descent").setAttribute("d", `M${places.join("L")}`);
  byId("stops").setAttribute("d", places.map((place) => `M${place}h0`).join(""));
  const [[west, east], [south, north]] = range.map((ends) => ends.map((x) => formatNumber(x)));
  const [across, up] = two.map(({ name }) => name);
  Object.entries({ west, east_end: east, south, north_end: north, across, up }).forEach(([id, text]) => (byId(id).textContent = text));
  const told = cells.some(Number.isFinite) ? `from ${formatNumber(low)} to ${formatNumber(high)}, the stronger the colour, the higher` : "refused everywhere";
  byId("told").textContent = `${root.name} over ${across} and ${up}, all else as it is: ${told}. Click to move there.`;
}

if (leaves.length > 1) {
  const usual = [...new Set([...data.steps, ...leaves.map(({ index }) => index)])];
  ["east", "north"].forEach((id, k) => {
    byId(id).append(...leaves.map(({ name, index }) => new Option(name, index)));
    byId(id).value = usual[k];
    byId(id).addEventListener("change", () => {
      range = null;
      drawLandscape();
    });
  });
  terrain.hidden = false;
  terrain.addEventListener("toggle", drawLandscape);
  document.addEventListener("stepped", ({ detail: before }) => {
    trail.push(...(trail.length === 0 ? [before] : []), leaves.map((leaf) => leaf.data));
    drawLandscape();
  });
  document.addEventListener("moved", () => {
    if (losses.length === 0) trail = [];
    drawLandscape();
  });
  terrain.querySelector("svg").addEventListener("click", ({ clientX, clientY }) => {
    const at = rectOf(terrain.querySelector("canvas"));
    const shares = [(clientX - at.left) / at.width, 1 - (clientY - at.top) / at.height];
    if (shares.every((share) => share >= 0 && share <= 1)) move(pair().map((leaf, k) => [leaf, along(range[k], shares[k])]));
  });
}
