// The numbers of a graph, what happens to each in both passes, and that in words.
const nodes = data.nodes.map(({ data, grad, partials = [], ...node }, index) => ({
  op: null,
  operands: [],
  rules: [],
  kink: "",
  ...node,
  index,
  data: numberOf(data),
  grad: numberOf(grad),
  partials: partials.map(numberOf),
}));
for (const node of nodes) {
  node.operands = node.operands.map((x) => (Array.isArray(x) ? nodes[x[0]] : numberOf(x)));
  node.inputs = node.operands.filter(isNode);
}
const root = nodes[data.root];
const leaves = nodes.filter(({ op }) => op === null);

// The events in order, as Python's sweep has it: {kind, node, target, slot, use, uses}; the
// numbers come by `replay`.
function bothPasses() {
  const forward = nodes.map((node) => ({ kind: "forward", node, target: node }));
  const backward = data.backward.map(([index, slot, use, uses]) => {
    const node = nodes[index];
    return { kind: "backward", node, target: node.inputs[slot], slot, use, uses };
  });
  return [...forward, { kind: "seed", node: root, target: root }, ...backward];
}

// Both passes: `grads` by node, and the numbers of every event.
function replay(events) {
  const grads = nodes.map(() => 0);
  grads[root.index] = seed;
  for (const event of events) {
    if (event.kind === "forward") event.after = event.node.data;
    if (event.kind === "seed") Object.assign(event, { before: 0, after: seed });
  }
  return sweep(events.filter(({ kind }) => kind === "backward"), grads, Object.assign);
}

// ------------------------------------------------------------------ in words

const fill = (blanks) =>
  blanks.replace(/⟦(\d+)(!?)⟧/g, (_, index, enclosed) => {
    const text = formatNumber(nodes[index].data);
    return enclosed && text.startsWith("-") ? `(${text})` : text;
  });
const inSum = (text) => text.replace(/( \+ )(-[^ ]*·[^ ]*)/g, "$1($2)"); // a negative product

// The line of arithmetic as pairs [text, role].
function parts({ kind, node, target, use, after, before, upstream, local, product }) {
  const result = [formatNumber(after), "result"];
  if (kind === "forward" && node.op === null) return [[node.name, "name"], [" = ", ""], result];
  if (kind === "forward") {
    return [[node.name, "name"], [" = ", ""], [`${node.made} = ${inSum(fill(node.blanks))} → `, ""], result];
  }
  const gradient = `∂${root.name}/∂`;
  const to = [gradient + target.name, "name"];
  if (kind === "seed") return [to, [" = ", ""], result];
  const [arrived, partial, term, sum] = [upstream, local, product, before].map((x) => formatNumber(x));
  return [
    to,
    [" += ", ""],
    [gradient + node.name, "upstream"],
    [" · ", ""],
    [`∂${node.name}/∂${target.name}`, "local"],
    [" = ", ""],
    [arrived, "upstream"],
    [" × ", ""],
    [partial, "local"],
    [`${use > 1 ? ` = ${term}; ${sum} + ${term}` : ""} → `, ""],
    result,
  ];
}

const textOf = (event) => parts(event).map(([text]) => text).join("");
const line = (event) => textOf(event) + (event.uses > 1 ? `  (use ${event.use} of ${event.uses})` : "");

// The local derivative: its rule and its number, and whether that is a convention.
function localText({ node, slot, local }) {
  const text = formatNumber(local);
  if (node.kink) return `${text} (a convention: ${node.kink})`;
  return node.rules[slot] ? `${node.rules[slot]} = ${text}` : text;
}

// An event in a sentence or two.
function words(event) {
  const { kind, node, target, use, uses, upstream } = event;
  const inside = node.op !== null && data.titles[data.groups[node.index]];
  const [name, to] = [`“${node.name}”${inside ? ` in ${inside}` : ""}`, `“${target.name}”`];
  if (kind === "forward" && node.op === null) return `${name} is an input: its value is given.`;
  if (kind === "forward") {
    const kink = node.kink ? ` Here, at a kink, it is a convention: ${node.kink}.` : "";
    const where = node.inputs.every((_, slot) => noted(node, slot)) ? " noted on the arrow" : "";
    return `${name} is computed, and its derivative to each input${where}.${kink}`;
  }
  if (kind === "seed") return `The way back starts at the result, ${name}.`;
  const arrived = formatNumber(upstream);
  if (upstream === 0) return `The gradient of ${name} is ${arrived}, so nothing flows back to ${to}.`;
  const derivative = noted(node, event.slot) ? "derivative on the arrow" : "local derivative";
  const flow = `What arrived at ${name}, ${arrived}, times the ${derivative}, ${localText(event)}`;
  if (uses > 1) return `${flow}, is added to ${to}: way ${use} of ${uses} that meet there.`;
  return `${flow}, goes back to ${to}.`;
}

const inCell = (x) => formatNumber(x, data.format);

const seed = numberOf(data.seed ?? (root.grad || 1)); // null: no backward pass is played
const allEvents = bothPasses();
const events = data.seed === null ? allEvents.slice(0, nodes.length) : allEvents;
let grads = replay(allEvents);
