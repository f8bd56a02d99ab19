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

const contourAt = (low, high, band) => low + (high - low) * (band / BANDS) ** 2; // as the shades end

// The lines on which the heights in the middle of cells are `level`, by halves of squares.
function contour(cells, level) {
  const side = Math.sqrt(cells.length);
  const cellAt = (i, j) => [(ACROSS * (i + 0.5)) / side, DOWN * (1 - (j + 0.5) / side), cells[j * side + i] - level];
  const crossing = ([x1, y1, z1], [x2, y2, z2]) => {
    const share = z1 / (z1 - z2);
    return `${(x1 + share * (x2 - x1)).toFixed(1)} ${(y1 + share * (y2 - y1)).toFixed(1)}`;
  };
  let path = "";
  for (let j = 0; j < side - 1; j++) {
    for (let i = 0; i < side - 1; i++) {
      const corners = [cellAt(i, j), cellAt(i + 1, j), cellAt(i + 1, j + 1), cellAt(i, j + 1)];
      for (const [a, b, c] of [corners.slice(0, 3), [corners[0], corners[2], corners[3]]]) {
        const sides = [[a, b], [b, c], [c, a]].filter(([p, q]) => p[2] >= 0 !== q[2] >= 0 && Number.isFinite(p[2] - q[2]));
        if (sides.length === 2) path += `M${crossing(...sides[0])}L${crossing(...sides[1])}`;
      }
    }
  }
  return path;
}

// The place of the least height in sight: from the lowest cell in ever smaller steps.
function lowestPlace(two, cells) {
  const side = Math.sqrt(cells.length);
  const start = cells.indexOf(Math.min(...cells.filter(Number.isFinite)));
  if (start < 0) return null;
  let shares = [((start % side) + 0.5) / side, (Math.floor(start / side) + 0.5) / side];
  let least = cells[start];
  for (let step = 0.5 / side; step > 1e-7; ) {
    const around = [[step, 0], [-step, 0], [0, step], [0, -step]].map((by) => shares.map((share, k) => Math.min(1, Math.max(0, share + by[k]))));
    const levels = around.map((place) => height(two, place.map((share, k) => along(range[k], share))));
    const best = levels.indexOf(Math.min(...levels.filter(Number.isFinite)));
    if (best >= 0 && levels[best] < least) [shares, least] = [around[best], levels[best]];
    else step /= 2;
  }
  const isInside = shares.every((share) => share > 0 && share < 1);
  return { shares, least, isInside };
}

function lowestText(two, { shares, least, isInside }) {
  const places = two.map(({ name }, k) => `${name} = ${formatNumber(along(range[k], shares[k]), ".3g")}`);
  return `. The cross marks the lowest place${isInside ? "" : " in sight"}: ${formatNumber(least)} at ${places.join(", ")}`;
}

function drawLandscape() {
  if (!terrain.open) return;
  const two = pair();
  const path = [...trail.map((numbers) => two.map((leaf) => numbers[leaves.indexOf(leaf)])), two.map((leaf) => leaf.data)];
  const inside = (x, k) => x >= range[k][0] && x <= range[k][1];
  const isNew = range === null || !path.at(-1).every(inside);
  if (isNew) range = two.map((_, k) => around(path.map((point) => point[k]).filter(Number.isFinite)));
  let cells = heights(two);
  let lowest = lowestPlace(two, cells);
  for (let k = 0; isNew && k < 4 && lowest !== null && !lowest.isInside; k++) {
    range = range.map(([low, high]) => [(3 * low - high) / 2, (3 * high - low) / 2]); // twice as wide
    cells = heights(two);
    lowest = lowestPlace(two, cells);
  }
  const [low, high] = spanOf(cells);
  shadeTerrain(cells, low, high);
  const levels = Array.from({ length: BANDS - 1 }, (_, k) => contourAt(low, high, k + 1));
  byId("contours").setAttribute("d", low < high ? levels.map((level) => contour(cells, level)).join("") : "");
  const cross = lowest === null ? "" : `M${(ACROSS * lowest.shares[0]).toFixed(1)} ${(DOWN * (1 - lowest.shares[1])).toFixed(1)}`;
  byId("lowest").setAttribute("d", cross && `${cross}m-6 -6l12 12m0 -12l-12 12`);
  const share = (x, k) => (x - range[k][0]) / (range[k][1] - range[k][0]);
  const places = path.map(([x, y]) => [ACROSS * share(x, 0), DOWN * (1 - share(y, 1))].map((z) => z.toFixed(1)));
  byId("descent").setAttribute("d", `M${places.join("L")}`);
  byId("stops").setAttribute("d", places.map((place) => `M${place}h0`).join(""));
  const [[west, east], [south, north]] = range.map((ends) => ends.map((x) => formatNumber(x)));
  const [across, up] = two.map(({ name }) => name);
  Object.entries({ west, east_end: east, south, north_end: north, across, up }).forEach(([id, text]) => (byId(id).textContent = text));
  const told = cells.some(Number.isFinite) ? `from ${formatNumber(Math.min(low, lowest?.least ?? low))} to ${formatNumber(high)}, the stronger the colour, the higher${lowestText(two, lowest)}` : "refused everywhere";
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
  terrain.open = leaves.length === 2 && data.start === events.length; // of a function that is played
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
