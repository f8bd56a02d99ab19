const picture = byId("picture");
const svg = picture.querySelector("svg"); // null where no layout engine was found
const drawn = (id) => [byId(id)].filter((element) => element !== null);
const boxIds = nodes.map(({ index }) => data.groups[index] ?? `n${index}`);
const arrows = nodes.map(({ inputs, index: node }) =>
  inputs.map(({ index: input }, slot) => [
    ...drawn(`graph-e${node}-${slot}`),
    ...drawn(`graph-e${node}-${slot}-l`),
    ...drawn(`graph-e-${boxIds[input]}-${boxIds[node]}`),
    ...drawn(`graph-e-${boxIds[input]}-${boxIds[node]}-l`),
  ]),
);
// Of a leaf that is used often, the copy that stands beside one use, numbered from the root;
// or the name at which an arrow begins in place of its box.
const uses = nodes.map(() => 0);
const copies = nodes.map(() => []);
for (const { inputs, index } of nodes.toReversed()) {
  inputs.forEach(({ index: input }, slot) => {
    const chips = arrows[index][slot].flatMap(({ dataset }) => drawn(dataset.chip ?? ""));
    copies[index][slot] = [...drawn(`graph-n${input}-u${++uses[input]}`), ...chips];
  });
}
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
  own.push(...picture.querySelectorAll(`g[id^="graph-${id}-u"]`));
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

// Writes what is new, and says whether anything was.
function write(cells, text) {
  const old = cells.filter((cell) => cell.textContent !== text);
  for (const cell of old) cell.textContent = text;
  return old.length > 0;
}

// What an event sets, or what stood there before it.
function set(event, done) {
  const { index } = event.target;
  const owner = boxIds.lastIndexOf(boxIds[index]);
  if (event.kind !== "forward") {
    for (const copy of copies[event.node.index][event.slot] ?? []) {
      write(cells(copy, "grad"), inCell(done ? event.product : 0));
    }
    gradNow[index] = done ? event.after : event.before;
    return write(shown[owner].grad, inBox(index, (node) => gradNow[node.index]));
  }
  const text = inBox(index, (node) => node.data, done ? index + 1 : index);
  write(shown[owner].data, text);
  for (const element of shown[owner].waiting) element.classList.toggle("waits", text === "");
}

function mark(elements, name) {
  for (const element of elements) {
    element.classList.add(name);
    marked.push([element, name]);
  }
}

const LONG = 70; // characters, of a line that is written smaller

function put(line, parts) {
  line.classList.toggle("long", parts.map(([text]) => text).join("").length > LONG);
  line.replaceChildren(...parts.map(([text, role]) => element("span", { class: role }, text)));
}

const BESIDE = [-6, 17, -22, 33]; // px from the arrow, where the product may be without covering a text
const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
// Where an element is, however far the picture is scrolled.
function inDrawing(element) {
  const [at, from] = [rectOf(element), rectOf(svg)];
  return { left: at.left - from.left, right: at.right - from.left, top: at.top - from.top, bottom: at.bottom - from.top };
}

// In the backward pass an arrow turns round, and the product travels along it.
let travelling = 0;

function turn(event, carries) {
  const arrow = arrows[event.node.index][event.slot].find((element) => element.querySelector("path"));
  if (arrow === undefined) return;
  mark([arrow], "back");
  const path = arrow.querySelector("path");
  const [tip, base] = [path.getPointAtLength(0), path.getPointAtLength(11)];
  const [dx, dy] = [(base.x - tip.x) * 0.4, (base.y - tip.y) * 0.4];
  const corners = [tip.x, tip.y, base.x - dy, base.y + dx, base.x + dy, base.y - dx];
  path.after(shape("polygon", { class: "turned", points: corners.join(" ") }));
  if (!carries || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const text = shape("text", { class: "carried" }, formatNumber(event.product));
  const others = [...svg.querySelectorAll("text")].filter((other) => other.textContent !== "").map(inDrawing);
  svg.append(text);
  const began = performance.now();
  const length = path.getTotalLength();
  const move = (now) => {
    const done = Math.min(1, (now - began) / 700);
    const at = path.getPointAtLength(length * (1 - done));
    text.setAttribute("x", at.x + 4);
    const free = BESIDE.some((off) => {
      text.setAttribute("y", at.y + off);
      const mine = inDrawing(text);
      return !others.some((other) => overlap(mine, other));
    });
    text.setAttribute("visibility", free ? "visible" : "hidden");
    if (done < 1) travelling = requestAnimationFrame(move);
    else text.remove();
  };
  move(began);
}

function unmark() {
  for (const [element, name] of marked) element.classList.remove(name);
  marked = [];
  cancelAnimationFrame(travelling);
  for (const arrow of picture.querySelectorAll(".asked")) arrow.classList.remove("asked");
  for (const element of picture.querySelectorAll(".turned, .carried")) element.remove();
}

// An event; one that is only asked for carries no number.
function highlight(event, carries = true) {
  unmark();
  if (event === undefined) {
    if (svg !== null && events.length > 0) reveal(events[0]); // what comes first is in sight
    return;
  }
  if (event.kind === "backward") {
    mark(shown[event.node.index].boxes, "from");
    mark(arrows[event.node.index][event.slot], "along");
    mark(copies[event.node.index][event.slot], "to");
    turn(event, carries);
  } else if (event.kind === "forward") {
    const { inputs, index } = event.node;
    inputs.forEach((input, slot) => {
      mark([...shown[input.index].boxes, ...copies[index][slot]], "from");
      mark(arrows[index][slot], "along");
    });
  }
  mark(shown[event.target.index].boxes, "to");
  if (svg !== null) reveal(event);
}

const union = (rects) => ({
  left: Math.min(...rects.map((rect) => rect.left)),
  right: Math.max(...rects.map((rect) => rect.right)),
  top: Math.min(...rects.map((rect) => rect.top)),
  bottom: Math.max(...rects.map((rect) => rect.bottom)),
});

// Where to look: the arrow with both its ends, if they fit; else the end that is set. Of a
// leaf that has copies, the end is the one beside the arrow.
function sight(event, frame) {
  const [box] = [...(copies[event.node.index][event.slot] ?? []), ...shown[event.target.index].boxes];
  const end = box && rectOf(box);
  const arrow = arrows[event.node.index][event.slot]?.[0];
  if (arrow === undefined) return end;
  const at = rectOf(arrow);
  const all = union([at, end, rectOf(shown[event.node.index].boxes[0])]);
  const fits = all.right - all.left < frame.width && all.bottom - all.top < frame.height;
  return fits ? all : end;
}

// Scrolls the picture, not the page, to what is out of sight.
function reveal(event) {
  const at = sight(event, rectOf(picture));
  if (at !== undefined) bring(at); // the picture may leave the node out
}

// To the middle of the frame, or with its beginning there if it is larger.
function bring(at) {
  const frame = rectOf(picture);
  const all = union([at, frame]);
  if (["left", "right", "top", "bottom"].every((side) => all[side] === frame[side])) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const smooth = !calm && document.body.classList.contains("playing");
  picture.scrollBy({
    left: Math.min(at.left - frame.left, (at.left + at.right - frame.left - frame.right) / 2),
    top: Math.min(at.top - frame.top, (at.top + at.bottom - frame.top - frame.bottom) / 2),
    behavior: smooth ? "smooth" : "instant",
  });
}

const opening = [["Press play, or → for the first step.", ""]];

// Where a position is: in which pass, and how far.
function passOf(position) {
  const forward = nodes.length;
  if (data.seed === null) return "";
  const [pass, at, of] =
    position <= forward ? ["Forward", position, forward] : ["Backward", position - forward, events.length - forward];
  return `${pass} pass: ${at} of ${of}`;
}

picture.addEventListener("sized", () => svg !== null && reveal(events[shownAt - 1] ?? events[0]));

function showStep(position) {
  while (shownAt < position) set(events[shownAt++], true);
  while (shownAt > position) set(events[--shownAt], false);
  for (const box of given) box.classList.toggle("waits", position === 0);
  highlight(events[position - 1]);
  tellStep();
}

function tellStep() {
  const event = events[shownAt - 1];
  byId("pass").textContent = passOf(shownAt);
  put(byId("sum"), event === undefined ? opening : parts(event));
  byId("words").textContent = event === undefined ? "" : words(event);
  document.dispatchEvent(new CustomEvent("step"));
}

// The arithmetic of an event, as far as it has been played; of a leaf, what its gradient is
// the sum of. At the end of a page that plays no backward pass it has been, too.
function inform(index) {
  const { kind, target } = allEvents[index];
  const sum = parts(allEvents[index]);
  const until = shownAt === events.length ? allEvents.length : shownAt;
  const terms = allEvents.filter(
    (event, k) => event.kind === "backward" && event.target === target && k < until,
  );
  if (terms.length > 0 && kind === "forward" && target.op === null) {
    const last = terms.at(-1);
    const added = terms.map(({ product }) => formatNumber(product)).join(" + ");
    const rest = last.uses > terms.length ? ` of ${last.uses}` : "";
    const way = last.uses > 1 ? `  (${terms.length}${rest} ways)` : "";
    const total = [formatNumber(last.after), "result"];
    return put(byId("info"), [...sum, ["; ", ""], parts(last)[0], [` = ${added} → `, ""], total, [way, ""]]);
  }
  const done = index < until;
  return put(byId("info"), done ? sum : [...sum.slice(0, kind === "forward" ? 1 : 5), [" = ?", ""]]);
}

// The index of the event that tells the arithmetic of what the pointer is at, if there is one.
function pointedAt({ target }) {
  const element = target.closest("g[id]");
  const id = element?.dataset.box ?? element?.id ?? "";
  return played.get(id.replace(/-u\d+$|-l$/, ""));
}
picture.addEventListener("pointerover", (event) => {
  const index = pointedAt(event);
  if (index !== undefined) inform(index);
});

// The longest lines get their room from the start, so that the picture stays where it is.
const longest = (length) => events.reduce((a, b) => (length(b) > length(a) ? b : a));
const sums = [0, 1].map((small) =>
  longest((event) => (!small && textOf(event).length > LONG ? 0 : textOf(event).length)),
);
const talk = words(longest((event) => words(event).length));
function steady() {
  const now = byId("now");
  now.style.minHeight = "";
  const heights = sums.map((event) => {
    put(byId("sum"), parts(event));
    byId("words").textContent = talk;
    return now.getBoundingClientRect().height;
  });
  now.style.minHeight = `${Math.ceil(Math.max(...heights))}px`;
}
let room = document.body.clientWidth;
steady();
window.addEventListener("resize", () => {
  if (room === document.body.clientWidth) return;
  room = document.body.clientWidth;
  steady();
  controls.show();
});

// The slider is split into the passes.
const slider = byId("slider");
const passes = element("div", { class: "passes", "aria-hidden": "true" });
const backward = events.filter(({ kind }) => kind !== "forward").length;
for (const [name, count] of [["forward", events.length - backward], ["backward", backward]]) {
  const part = element("span", {}, name);
  part.style.setProperty("flex-grow", count);
  if (count > 0) passes.append(part);
}
const track = element("div", { class: "track" });
slider.replaceWith(track);
track.append(slider, passes);

for (const event of [...events].reverse()) set(event, false);
const controls = player(showStep, (position) =>
  position === 0 ? "start" : textOf(events[position - 1]),
);
window.addEventListener("beforeprint", () => shownAt === 0 && !isGuessing() && controls.last()); // not an empty picture
