// The elements of the picture: by node its box, by node and slot the arrows, and their cells.
const picture = byId("picture");
const svg = picture.querySelector("svg");
const drawn = (id) => [byId(id)].filter((element) => element !== null);
const boxIds = nodes.map(({ index }) => data.groups[index] ?? `n${index}`);
const arrows = nodes.map(({ inputs, index: node }) =>
  inputs.map(({ index: input }, slot) => [
    ...drawn(`graph-e${node}-${slot}`),
    ...drawn(`graph-e${node}-${slot}-l`),
    ...drawn(`graph-e-${boxIds[input]}-${boxIds[node]}`),
    ...drawn(`graph-e-${boxIds[input]}-${boxIds[node]}-l`),
    ...drawn(`graph-e-${boxIds[input]}-${boxIds[node]}-round`),
  ]),
);
// For each node and slot, the name at which an arrow begins in place of its box.
const chips = arrows.map((slots) => slots.map((each) => each.flatMap(({ dataset }) => drawn(dataset.chip ?? ""))));
const readers = nodes.map(() => []);
for (const node of nodes) for (const input of node.inputs) readers[input.index].push(boxIds[node.index]);
const outputs = {}; // by box, the nodes whose numbers it shows
nodes.forEach((node, index) => {
  const id = boxIds[index];
  if (readers[index].length === 0 || readers[index].some((other) => other !== id)) (outputs[id] ??= []).push(node);
});
const into = {}; // by box, the arrows that end there
boxIds.forEach((id, node) => (into[id] ??= []).push(...arrows[node].flat()));
for (const id in into) into[id].push(...picture.querySelectorAll(`g[id^="graph-e-x-"][id$="-${id}"]`));
const given = picture.querySelectorAll('g[id^="graph-x-"]'); // numbers that are no nodes
// Whether the arrow of an input is drawn, with its derivative.
const noted = (node, slot) => arrows[node.index][slot].some((each) => cells(each, "local").length > 0);
const cells = (box, kind) => [...box.querySelectorAll("." + kind)];
const shown = boxIds.map((id, node) => {
  const boxes = drawn(`graph-${id}`);
  const own = boxIds.lastIndexOf(id) === node ? [...boxes] : []; // a group is its last member's
  return {
    boxes,
    waiting: own.length > 0 ? [...own, ...into[id]] : [],
    data: own.flatMap((box) => cells(box, "data")),
    grad: own.filter((box) => boxes.includes(box)).flatMap((box) => cells(box, "grad")),
  };
});
const played = new Map(); // by arrow or node, the event that tells its arithmetic
allEvents.forEach(({ kind, node, slot }, index) => {
  const id = kind === "backward" ? `e${node.index}-${slot}` : boxIds[node.index];
  if (kind !== "seed") played.set(`graph-${id}`, index);
});
if (svg !== null) {
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  svg.style.setProperty("--w", `${width}px`);
  svg.style.setProperty("--h", `${height}px`);
  picture.classList.add("sized");
  svg.querySelectorAll("g > title").forEach((title) => title.remove()); // they tell the end
  byId("info").textContent = `${POINT} a node or an arrow to see its arithmetic.`;
}

// The number of a node's box, or the least and the largest if it has several, among the first
// nodes; "" if there is none.
function inBox(index, numberAt, first = nodes.length) {
  const numbers = outputs[boxIds[index]].filter((node) => node.index < first).map(numberAt);
  if (numbers.length === 0) return "";
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return low < high ? `${inCell(low)} … ${inCell(high)}` : inCell(low);
}
const gradNow = nodes.map(() => 0); // as far as it has been played
const gradsNow = () => (data.seed === null ? grads : gradNow); // where no backward pass is played, all

let shownAt = 0;
let marked = [];
const isGuessing = () => byId("guessing")?.checked === true && shownAt < events.length;

// A number that is longer than its cell is set closer. Its width is estimated, as asking the
// browser for it lays out the picture each time.
const [DIGIT, CAPTION] = [6.7, 46]; // px: of a character, and of the caption with the gaps
function fit(cell) {
  if (!cell.matches(".caption + .data, .caption + .grad")) return;
  const room = cell.parentElement.querySelector("rect").getAttribute("width") - CAPTION;
  if (cell.textContent.length * DIGIT <= room) cell.removeAttribute("textLength");
  else {
    cell.setAttribute("textLength", room);
    cell.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

// Writes what is new, and says whether anything was.
function write(cells, text) {
  const old = cells.filter((cell) => cell.textContent !== text);
  for (const cell of old) {
    cell.textContent = text;
    fit(cell);
  }
  return old.length > 0;
}

