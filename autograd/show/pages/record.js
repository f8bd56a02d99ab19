// The record of a formula at a point: the nodes that Python's Values would, and their gradients.

function record(formula, point) {
  const leaf = (name, data) => ({ name, op: null, operands: [], inputs: [], partials: [], data });
  const leaves = new Map(formula.names.map((name) => [name, leaf(name, point[name])]));
  const made = []; // by operations, in their order
  const apply = (op, operands) => {
    const node = computed(op, operands);
    if (isNode(node)) made.push(node);
    return node;
  };
  const stack = [];
  for (const step of formula.steps) {
    if (typeof step === "number") stack.push(step);
    else if (has(step, "name")) stack.push(leaves.get(step.name));
    else {
      const operands = stack.splice(stack.length - step.arity);
      stack.push(has(step, "tests") ? compared(step.tests, operands) : called(step, operands, apply));
    }
  }
  const result = stack.pop();
  if (Array.isArray(result)) {
    throw new FormulaError(`${formula.text} gives a list; an expression gives one number`);
  }
  const root = isNode(result) ? result : leaf("f", result);
  const reached = new Set([root]);
  for (const node of made.toReversed()) {
    if (reached.has(node)) for (const x of node.inputs) reached.add(x);
  }
  const nodes = new Set(); // each leaf right before its first use
  for (const node of [...made.filter((node) => reached.has(node)), root]) {
    for (const x of [...node.inputs, node]) nodes.add(x);
  }
  label([...nodes], formula.names);
  backward([...nodes]);
  return [...nodes];
}

const numberIn = (x) => (isNode(x) ? x.data : x);

function compared(tests, operands) {
  const xs = operands.map((x) => number(x, "a comparison"));
  const holds = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };
  return Number(tests.every((test, k) => holds[test](xs[k], xs[k + 1])));
}

function number(x, what) {
  if (Array.isArray(x)) throw new FormulaError(`${what} takes numbers, got a list`);
  return numberIn(x);
}

// A node, or a number where nothing depends on a variable, as Python's functions give it.
function called({ call, arity, keywords }, operands, apply) {
  if (call === "list") return operands;
  const { op, names, defaults, variadic } = grammar.functions[call];
  if (variadic) {
    if (keywords.length > 0) throw new FormulaError(`${call}() got an unexpected keyword argument '${keywords[0]}'`);
    return apply(op, operands.length === 1 && Array.isArray(operands[0]) ? operands[0] : operands);
  }
  const bound = operands.slice(0, arity - keywords.length);
  const required = names.length - defaults.length;
  const wanted = defaults.length > 0 ? `${required} to ${names.length}` : names.length;
  const complaint = new FormulaError(`${call} takes ${wanted} operand(s), got ${arity}`);
  if (bound.length > names.length) throw complaint;
  keywords.forEach((key, k) => {
    const slot = names.indexOf(key);
    if (slot < 0) throw new FormulaError(`${call}() got an unexpected keyword argument '${key}'`);
    if (bound[slot] !== undefined) throw new FormulaError(`${call}() got multiple values for argument '${key}'`);
    bound[slot] = operands[arity - keywords.length + k];
  });
  const all = names.map((_, slot) => bound[slot] ?? numberOf(defaults[slot - required]));
  if (names.some((_, slot) => bound[slot] === undefined && slot < required)) throw complaint;
  if (op === "where") all[0] = Number(number(all[0], call) !== 0);
  return apply(op, all);
}

function computed(op, operands) {
  const xs = operands.map((x) => number(x, op));
  const inputs = operands.filter(isNode);
  try {
    if (inputs.length === 0) return primitives[op].value(...xs);
    const [out, partials] = applied(op, xs);
    return { op, operands, inputs, data: out, partials: partials.filter((_, slot) => isNode(operands[slot])) };
  } catch (error) {
    throw new FormulaError(refusal(error, op, xs));
  }
}

// Labels, or v1, v2 … by place; the result is f.
function label(nodes, names) {
  nodes.forEach((node, index) => {
    node.index = index;
    node.auto = node.op !== null && (index < nodes.length - 1 || names.includes("f"));
    if (node.auto) node.name = `v${index + 1}`;
    else if (node.op !== null) node.name = "f";
    for (let k = 2, base = node.name; node.auto && names.includes(node.name); k++) node.name = `${base}_${k}`;
  });
}

// From the result down, to every input of each operation its product.
function backward(nodes) {
  const grads = sweep(linksOf(nodes), { [nodes.length - 1]: 1 });
  for (const node of nodes) node.grad = grads[node.index] ?? 0;
}

// The operation on the names of its operands, or on their numbers.
function arithmetic(node, numbers = false) {
  const text = (x) => (isNode(x) && !numbers ? x.name : formatNumber(numberIn(x)));
  const texts = node.operands.map(text);
  const form = grammar.forms[node.op];
  if (form === undefined) return `${node.op}(${texts.join(", ")})`;
  return form.replace(/\{(\d)\}/g, (_, k) => (/^-/.test(texts[k]) && k > 0 ? `(${texts[k]})` : texts[k]));
}
