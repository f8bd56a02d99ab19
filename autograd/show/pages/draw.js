// A graph as the SVG that autograd/show/drawing/svg.py makes: the same boxes, the same classes.
const [ROW, PAD, GAP, WIDEST] = [18, 8, 10, 180];
const MOST_DRAWN = 200; // nodes that are drawn
const [PORT, TIP, LENGTH] = [14, 8, 1221]; // numbers before a box, an arrow's tip, a page
const LETTERS = 80; // of a text that is clipped
const pen = document.createElement("canvas").getContext("2d");
const FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

function widthOf(text, size, weight = "") {
  pen.font = `${weight} ${size}px ${FONT}`;
  return pen.measureText(text).width;
}

function clipped(text, size) {
  const letters = [...text].slice(0, LETTERS);
  while (widthOf(letters.join(""), size) > WIDEST) letters.pop();
  const fitting = letters.join("");
  return fitting === text ? text : `${fitting}…`;
}

// The text of a box beside its name: the operation, all of it if an operand is a number.
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
  for (const box of boxes) box.height = Math.max(box.height, PORT * box.inputs.length + 4);
  const arrows = boxes.flatMap(({ inputs }, head) => inputs.map((tail, slot) => ({ tail, head, slot })));
  for (const arrow of arrows) arrow.text = formatNumber(nodes[arrow.head].partials[arrow.slot]);
  for (const box of boxes) box.tag = widthOf(box.title, 11) + 12;
  for (const arrow of arrows) Object.assign(arrow, { wide: widthOf(arrow.text, 11) + 8, high: PORT });
  const { width, height, names } = layOut(boxes, arrows, LENGTH);
  const root = nodes.at(-1);
  svg.replaceChildren(
    shape("title", {}, `Computation graph of ${root.name}`),
    ...arrows.map(arrowLine),
    ...arrows.map(arrowNumber),
    ...names.map(chip),
    ...boxes.map((box) => card(box, box.node === root)),
  );
  svg.setAttribute("viewBox", `-8 -8 ${Math.ceil(width + 16)} ${Math.ceil(height + 16)}`);
  svg.style.setProperty("--w", `${Math.ceil(width + 16)}px`);
  svg.style.setProperty("--h", `${Math.ceil(height + 16)}px`);
}

function card({ node, title, op, rows, width, height, x, y }, isRoot) {
  const [left, right] = [x - width / 2, x + width / 2 - PAD];
  let line = y - (3 * ROW + PAD) / 2 + ROW - 3;
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

// Lines and curves in turn; the last line makes room for the arrow's number.
function arrowLine({ head, slot, text, line: points, number: [middle] }) {
  const half = widthOf(text, 11) / 2 + 2;
  const [tipX, tipY] = points.at(-1);
  const path = points.slice(0, -1).map(([x, y], k) => {
    const at = `${x.toFixed(1)} ${y.toFixed(1)}`;
    if (k % 2 === 1 || k === 0) return `${k === 0 ? "M" : "L"}${at}`;
    const [fromX, fromY] = points[k - 1];
    const turn = ((fromX + x) / 2).toFixed(1);
    return `C${turn} ${fromY.toFixed(1)} ${turn} ${y.toFixed(1)} ${at}`;
  });
  const level = tipY.toFixed(1);
  path.push(`L${(middle - half).toFixed(1)} ${level}M${(middle + half).toFixed(1)} ${level}H${(tipX - TIP).toFixed(1)}`);
  const corners = [[tipX - TIP, tipY - 4], [tipX, tipY], [tipX - TIP, tipY + 4]];
  return shape(
    "g",
    { class: "edge", "data-node": head, "data-slot": slot },
    shape("path", { d: path.join("") }),
    shape("polygon", { points: corners.flat().map((c) => c.toFixed(1)).join(" ") }),
  );
}

function arrowNumber({ head, slot, text, number: [x, y] }) {
  const made = shape("text", { class: "local", x, y: y + 4, "text-anchor": "middle" }, text);
  return shape("g", { "data-node": head, "data-slot": slot }, made);
}

// The name of a box, where an arrow begins in another row.
const chip = ({ of: { node, title }, x, y }) =>
  shape("g", { "data-node": node.index }, shape("text", { class: "chip", x, y: y + 4, "text-anchor": "middle" }, title));
