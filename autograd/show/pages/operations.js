// Operations on numbers and on nodes, by the rules of the table. A node has its name, its op
// (null for a leaf), its operands, which are nodes and numbers, those of them that are nodes
// as inputs, and for each of these a partial.
const isNode = (x) => typeof x !== "number";

// The value of an operation, and its partial in each operand.
function applied(op, xs) {
  const { value, partials } = primitives[op];
  const out = value(...xs);
  return [out, Array.isArray(partials) ? partials.map((rule) => rule(out, ...xs)) : partials(out, ...xs)];
}

// Why an operation refuses its operands, as Python says it. Other errors are thrown again.
function refusal(error, op, xs) {
  if (!(error instanceof PythonError)) throw error;
  const { domain } = data.operations[op];
  const outside = error.type === "ValueError" && domain && `outside the domain, which is ${domain}`;
  return `${op}(${xs.map((x) => formatNumber(x)).join(", ")}): ${outside || (data.advice[error.type] ?? error.message)}`;
}

// The product that goes back from a node to one of its inputs.
function share(upstream, node, slot) {
  const zero = Math.abs(upstream) === Infinity && timesZero(node, node.inputs[slot]);
  return product(upstream, node.partials[slot], data.operations[node.op].strong_zero, zero);
}

// Every argument slot of nodes as {node, slot, target}, in the order of reverse mode.
const linksOf = (nodes) => nodes.toReversed().flatMap((node) => node.inputs.map((target, slot) => ({ node, slot, target })));

// The sweep of both modes: each link adds its product to the number, by index, of its target: to a
// gradient, or to a tangent, which comes from an input. `told` hears of the link and its numbers.
function sweep(links, grads, told = () => {}) {
  for (const link of links) {
    const { node, slot, target, source = node } = link;
    const [upstream, before] = [grads[source.index] ?? 0, grads[target.index] ?? 0];
    const product = share(upstream, node, slot);
    const after = before + product;
    grads[target.index] = after;
    told(link, { upstream, before, local: node.partials[slot], product, after });
  }
  return grads;
}

// Whether a node is a product of an input and the number 0, or a sum of such.
function timesZero({ op, operands }, input) {
  const half = Math.floor(operands.length / 2);
  const others = { mul: operands.toReversed(), dot: [1, ...operands.slice(1 + half), ...operands.slice(1, 1 + half)] };
  const facing = (others[op] ?? []).filter((_, k) => operands[k] === input);
  return facing.length > 0 && facing.every((x) => x === 0);
}

const locals = (node) =>
  node.inputs.map((x, slot) => `∂${node.name}/∂${x.name} = ${formatNumber(node.partials[slot])}`).join(", ") || "–";
