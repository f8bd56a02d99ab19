// A graph as the SVG that autograd/show/drawing/svg.py makes: the same boxes, the same classes.
const [ROW, PAD, GAP, WIDEST] = [18, 8, 10, 180];
const pen = document.createElement("canvas").getContext("2d");
const FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

function widthOf(text, size, weight = "") {
  pen.font = `${weight} ${size}px ${FONT}`;
  return pen.measureText(text).width;
}

function clipped(text, size) {
  const letters = [...text];
  const fits = (count) => widthOf(letters.slice(0, count).join(""), size) <= WIDEST;
  let [fitting, over] = [0, 1]; // so many letters fit; so many do not, or there are fewer
  while (over <= letters.length && fits(over)) [fitting, over] = [over, 2 * over];
  over = Math.min(over, letters.length + 1);
  while (over - fitting > 1) {
    const middle = (fitting + over) >> 1;
    if (fits(middle)) fitting = middle;
    else over = middle;
  }
  return fitting === letters.length ? text : `${letters.slice(0, fitting).join("")}…`;
}

// What a box says beside its name: the operation, all of it if an operand is a number.
function operationText(node) {
  if (node.op === null) return "";
  if (node.inputs.length === node.operands.length && node.op !== "dot") return data.operations[node.op].symbol;
  return arithmetic(node);
}

function drawGraph(svg, nodes) {
  const boxes = nodes.map((node) => {
    const [title, op] = [clipped(node.name, 13), clipped(operationText(node), 13)];
    const rows = [["data", formatNumber(node.data)], ["grad", formatNumber(node.grad)]];
    const widths = [widthOf(title, 13, "bold") + (op && GAP + widthOf(op, 13))];
    for (const [caption, text] of rows) widths.push(widthOf(caption, 11) + GAP + widthOf(text, 12));
    const inputs = node.inputs.map((x) => x.index);
    return { node, title, op, rows, inputs, width: Math.max(...widths, 70) + 2 * PAD, height: 3 * ROW + PAD };
  });
  const { places, arrows, width, height } = layOut(boxes);
  const root = nodes.at(-1);
  svg.replaceChildren(
    shape("title", {}, `Computation graph of ${root.name}`),
    ...arrows.map(arrow),
    ...arrows.map((each) => arrowNumber(each, nodes)),
    ...boxes.map((box, i) => card(box, places[i], i === nodes.length - 1)),
  );
  svg.setAttribute("viewBox", `-8 -8 ${Math.ceil(width + 16)} ${Math.ceil(height + 16)}`);
  svg.style.setProperty("--w", `${Math.ceil(width + 16)}px`);
  svg.style.setProperty("--h", `${Math.ceil(height + 16)}px`);
}

function card({ node, title, op, rows, width, height }, { x, y }, isRoot) {
  const [left, right] = [x - width / 2, x + width / 2 - PAD];
  let line = y - height / 2 + ROW - 3;
  const kind = node.op === null ? "leaf" : "operation";
  const parts = [
    shape("rect", { x: left, y: y - height / 2, width, height, rx: kind === "leaf" ? 9 : 3 }),
    shape("text", { class: node.auto ? "name auto" : "name", x: left + PAD, y: line }, title),
  ];
  if (op) parts.push(shape("text", { class: "op", x: right, y: line, "text-anchor": "end" }, op));
  for (const [caption, text] of rows) {
    line += ROW;
    parts.push(shape("text", { class: "caption", x: left + PAD, y: line }, caption));
    parts.push(shape("text", { class: caption, x: right, y: line, "text-anchor": "end" }, text));
  }
  return shape("g", { class: `node ${kind}${isRoot ? " root" : ""}`, "data-node": node.index }, ...parts);
}

function arrow({ head, slot, points }) {
  const tip = points.at(-1);
  const [end, ...before] = [{ x: tip.x - 8, y: tip.y }, ...points.slice(0, -1).toReversed()];
  const way = [...before.toReversed(), end];
  const path = way.slice(1).map((to, k) => {
    const from = way[k];
    const middle = (from.x + to.x) / 2;
    return `C${[middle, from.y, middle, to.y, to.x, to.y].map((c) => c.toFixed(1)).join(" ")}`;
  });
  const corners = [[end.x, end.y - 4], [tip.x, tip.y], [end.x, end.y + 4]];
  return shape(
    "g",
    { class: "edge", "data-node": head, "data-slot": slot },
    shape("path", { d: `M${way[0].x.toFixed(1)} ${way[0].y.toFixed(1)}${path.join("")}` }),
    shape("polygon", { points: corners.flat().map((c) => c.toFixed(1)).join(" ") }),
  );
}

function arrowNumber({ head, slot, label }, nodes) {
  const text = formatNumber(nodes[head].partials[slot]);
  const made = shape("text", { class: "local", x: label.x, y: label.y + 4, "text-anchor": "middle" }, text);
  return shape("g", { "data-node": head, "data-slot": slot }, made);
}
