// The numbers of leaves can be changed: typed, dragged, nudged, or moved down the gradient.
// Both passes follow, computed by the rules of the table.
const first = new Map(leaves.map(({ index, data }) => [index, data]));
const epsilonOf = (field) => parseNumber(byId(field).value) ?? NaN;

class Problem extends Error {
  constructor(node, message) {
    super(message);
    this.node = node;
  }
}

// The value of every node where these leaves have these numbers.
function recorded(moved) {
  const made = [];
  for (const { index, op, operands, data: own, name } of nodes) {
    if (op === null) {
      made.push({ data: moved.get(index) ?? own });
      continue;
    }
    const xs = operands.map((x) => (isNode(x) ? made[x.index].data : x));
    try {
      const [out, partials] = applied(op, xs);
      made.push({ data: out, partials: partials.filter((_, k) => isNode(operands[k])), kink: kinkAt(op, xs) });
    } catch (error) {
      throw new Problem(index, `${name} = ${refusal(error, op, xs)}`);
    }
  }
  return made;
}

// The convention, if the slopes beside these operands differ.
function kinkAt(op, xs) {
  const { kink } = data.operations[op];
  if (!kink || xs.length > 16) return "";
  const slope = (slot, x) => {
    try {
      const partial = applied(op, xs.with(slot, x))[1][slot];
      return Number.isFinite(partial) ? partial : Infinity;
    } catch {
      return -Infinity;
    }
  };
  const differ = (a, b) => a !== b && !(Math.abs(a - b) <= Math.max(1e-3 * Math.max(Math.abs(a), Math.abs(b)), 1e-9));
  const kinked = xs.some((x, slot) => {
    const [below, above] = [-Infinity, Infinity].map((side) => slope(slot, math.nextafter(x, side)));
    return x === x && differ(below, above);
  });
  return kinked ? kink : "";
}

// Moves leaves, given as pairs [leaf, number], and shows what follows; false if nothing can.
function move(pairs) {
  let made = [];
  for (const box of picture.querySelectorAll(".refused")) box.classList.remove("refused");
  try {
    made = recorded(new Map(pairs.map(([leaf, x]) => [leaf.index, x])));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    for (const box of shown[error.node].boxes) box.classList.add("refused");
    say(`${error.message}. The numbers are as before.`);
    return false;
  }
  nodes.forEach((node, k) => {
    const rules = data.operations[node.op]?.kink ? [] : node.rules; // at a kink another rule may hold
    Object.assign(node, made[k], { rules });
  });
  grads = replay(allEvents);
  repaint();
  return true;
}

// ------------------------------------------------------------------ showing

const labels = nodes.map(({ inputs, index }) => inputs.map((_, slot) => drawn(`graph-e${index}-${slot}-l`).flatMap((label) => cells(label, "local"))));
const rows = data.keys.slice(1).map((key) => byId(`row-${key}`));
const summary = document.querySelector("header p");

function repaint() {
  gradNow.fill(0);
  events.forEach(({ kind, node, target, slot, product, after }, k) => {
    if (kind === "forward") return;
    if (k < shownAt) gradNow[target.index] = after;
  });
  shown.forEach(({ data, grad }, index) => {
    write(data, inBox(index, (node) => node.data, shownAt));
    write(grad, inBox(index, (node) => gradsNow()[node.index]));
  });
  nodes.forEach(({ partials, index }) => partials.forEach((x, slot) => write(labels[index][slot], inCell(x))));
  repaintGroups();
  document.dispatchEvent(new CustomEvent("moved"));
  summary.textContent = `${root.name} = ${formatNumber(root.data)}: ${data.told}`;
  for (const leaf of leaves) refresh(leaf);
  tellStep();
  clearTimeout(later);
  later = setTimeout(tabulate, 30);
}

// The table is long and out of sight: it waits until the numbers rest.
let later = 0;
function tabulate() {
  events.forEach((event, k) => {
    const cells = rows[k].querySelectorAll("td");
    const { node } = event;
    const all = [line(event), formatNumber(grads[node.index]), locals(node)];
    const texts = data.seed === null ? all : [cells[0].textContent, line(event)];
    cells.forEach((cell, i) => write([cell], texts[i]));
  });
}

// The labels of arrows between boxes: the derivatives of a box's only output to its inputs.
function repaintGroups() {
  for (const id of Object.keys(data.groups).length > 0 ? new Set(boxIds) : []) {
    for (const [index, slope] of Object.entries(slopesIn(id))) {
      const [label] = drawn(`graph-e-${boxIds[index]}-${id}-l`);
      if (label !== undefined) write(cells(label, "local"), inCell(slope));
    }
  }
}

// ------------------------------------------------------------------ the panel

const say = (text) => (byId("says").textContent = text);
const named = (leaf, what) => `${what} of ${leaf.name}`;

// A field for a leaf's number: what is typed counts at once, and arrows change it a little.
function field(leaf, attributes) {
  const made = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", size: 9, ...attributes });
  const take = (x) => made.setAttribute("aria-invalid", !(x !== undefined && move([[leaf, x]])));
  made.addEventListener("input", () => {
    const x = parseNumber(made.value);
    if (x === undefined) say(`${leaf.name} must be a number, such as -1.5 or 1/3.`);
    else say("");
    take(x);
  });
  made.addEventListener("keydown", (event) => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    take(moved(leaf.data, way));
    made.value = plain(leaf.data);
  });
  made.addEventListener("change", () => {
    made.removeAttribute("aria-invalid");
    made.value = plain(leaf.data);
  });
  return made;
}

// So many hundredths of a number's size away from it.
function moved(x, steps) {
  const size = 10 ** (Math.floor(Math.log10(Math.abs(x) || 1)) - 1);
  return Number((Math.round((x / size) * 1e6) / 1e6 * size + steps * size).toPrecision(12));
}
const plain = (x) => formatNumber(x, ""); // all its digits

const fields = new Map();
const gradients = new Map();
const chosen = new Map();

function refresh(leaf) {
  const own = fields.get(leaf);
  const text = plain(leaf.data);
  if (document.activeElement !== own && own.value !== text) own.value = text;
  write([gradients.get(leaf)], formatNumber(grads[leaf.index]));
}

function rowOf(leaf) {
  fields.set(leaf, field(leaf, { "aria-label": named(leaf, "value") }));
  gradients.set(leaf, element("span"));
  const nudge = element("button", { type: "button", "aria-label": `nudge ${leaf.name}` }, "nudge");
  nudge.addEventListener("click", () => nudged(leaf));
  chosen.set(leaf, element("input", { type: "checkbox", "aria-label": `step ${leaf.name}` }));
  const gradient = element("span", { class: "gradient" }, "grad ", gradients.get(leaf));
  const label = element("label", {}, chosen.get(leaf), " step");
  const row = element("li", {}, element("strong", { title: leaf.name }, leaf.name), fields.get(leaf), gradient, nudge, label);
  row.addEventListener("focusin", () => inform(leaf.index));
  return row;
}

// A small step of one leaf: what the gradient says of the result, and what really happens.
function nudged(leaf) {
  const epsilon = epsilonOf("epsilon");
  if (!Number.isFinite(epsilon)) return say("ε must be a number, such as 0.01.");
  const [before, slope] = [root.data, grads[leaf.index] / seed];
  if (!move([[leaf, leaf.data + epsilon]])) return undefined;
  const [real, told] = [root.data - before, slope * epsilon].map((x) => formatNumber(x));
  const said = `; its gradient said ${formatNumber(slope)} × ${formatNumber(epsilon)} = ${told}`;
  const asked = isGuessing(); // for a gradient, which stays hidden
  return say(`${leaf.name} moved by ${formatNumber(epsilon)}: ${root.name} moved by ${real}${asked ? "" : said}.`);
}

const losses = [];

// Gradient descent: all the leaves that are chosen, at once.
function step() {
  const rate = epsilonOf("rate");
  if (!Number.isFinite(rate)) return say("The learning rate must be a number, such as 0.1.");
  const going = leaves.filter((leaf) => chosen.get(leaf).checked);
  if (going.length === 0) return say("Choose the numbers to step, beside their gradients.");
  const [before, from] = [root.data, leaves.map((leaf) => leaf.data)];
  if (!move(going.map((leaf) => [leaf, leaf.data - (rate * grads[leaf.index]) / seed]))) return undefined;
  if (losses.length === 0) losses.push(before);
  losses.push(root.data);
  curve();
  document.dispatchEvent(new CustomEvent("stepped", { detail: from }));
  return say(`Step ${losses.length - 1}: ${root.name} ${formatNumber(before)} → ${formatNumber(root.data)}.${trouble(before)}`);
}

// The fault in the last step.
function trouble(before) {
  const most = 1000 * Math.max(1, Math.abs(losses[0]));
  if (!(Math.abs(root.data) <= most)) return " It has exploded: reset, and take a lower learning rate.";
  return root.data > before ? " It grew, as the step was too long: take a lower learning rate." : "";
}

const [WIDE, HIGH] = [320, 90];
function curve() {
  const [low, high] = spanOf(losses);
  const x = (k) => (k * WIDE) / Math.max(1, losses.length - 1);
  const y = (loss) => HIGH - ((loss - low) / (high - low || 1)) * HIGH;
  const points = losses.flatMap((loss, k) => (Number.isFinite(loss) ? [`${x(k).toFixed(1)},${y(loss).toFixed(1)}`] : []));
  byId("curve").setAttribute("points", points.join(" "));
  [byId("most").textContent, byId("least").textContent] = [high, low].map((loss) => formatNumber(loss));
  byId("count").textContent = losses.length - 1;
  byId("loss").textContent = root.name;
  byId("chart").removeAttribute("hidden");
  byId("chart").setAttribute("aria-label", `${root.name} over ${losses.length - 1} steps, from ${formatNumber(losses[0])} to ${formatNumber(losses.at(-1))}`);
}

function reset() {
  losses.length = 0;
  byId("chart").setAttribute("hidden", "");
  move(leaves.map((leaf) => [leaf, first.get(leaf.index)]));
  say("The numbers are those of Python.");
}

// ------------------------------------------------------------------ in the picture

// A leaf's box: a click opens a field over its number, and dragging it changes the number.
function hold(box, leaf) {
  box.classList.add("held");
  let from = null;
  box.addEventListener("pointerdown", (event) => {
    event.stopPropagation(); // or the picture would be moved
    from = { x: event.clientX, data: leaf.data, far: false };
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const steps = Math.round((event.clientX - from.x) / 4);
    from.far ||= steps !== 0;
    if (from.far) move([[leaf, moved(from.data, steps)]]);
  });
  box.addEventListener("pointerup", () => {
    if (from !== null && !from.far) edit(box, leaf);
    from = null;
  });
  box.addEventListener("pointercancel", () => (from = null));
}

function edit(box, leaf) {
  picture.querySelector(".edit")?.remove();
  const before = leaf.data;
  const made = field(leaf, { class: "edit", "aria-label": named(leaf, "value") });
  const [at, frame] = [box.getBoundingClientRect(), picture.getBoundingClientRect()];
  made.style.left = `${at.left - frame.left + picture.scrollLeft}px`;
  made.style.top = `${at.bottom - frame.top + picture.scrollTop - at.height * 0.68}px`;
  made.style.width = `${Math.max(at.width, 96)}px`;
  made.value = plain(leaf.data);
  made.addEventListener("keydown", (event) => {
    if (event.key === "Escape") move([[leaf, before]]);
    if (event.key === "Escape" || event.key === "Enter") made.blur();
  });
  made.addEventListener("blur", () => made.remove(), { once: true });
  picture.append(made);
  made.select();
}

function panel() {
  byId("live").hidden = false;
  byId("leaves").append(...leaves.map(rowOf));
  for (const index of data.steps) chosen.get(nodes[index]).checked = true;
  for (const leaf of leaves) {
    const boxes = drawn(`graph-n${leaf.index}`);
    for (const box of boxes) hold(box, leaf);
    refresh(leaf);
  }
  byId("step").addEventListener("click", step);
  byId("reset").addEventListener("click", reset);
}

panel();
