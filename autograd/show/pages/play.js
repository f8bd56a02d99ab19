// The page to play with a formula: text and numbers come from its fragment, or from data,
// and every change of them records and draws the graph anew.
const picture = byId("picture");
const svg = shape("svg", { id: "graph", class: "autograd", role: "img" });
const field = byId("formula");
let formula = null;
let point = {};
let nodes = [];

// ------------------------------------------------------------------ the state

// #formula;name=value;… , with what an address cannot hold encoded.
function address() {
  const encode = (part) => encodeURIComponent(part).replace(/%2B/g, "+").replace(/%2F/g, "/");
  const values = formula.names.map((name) => `${encode(name)}=${point[name]}`);
  return `#${[encode(formula.text), ...values].join(";")}`;
}

function linked(url) {
  try {
    const [text, ...values] = new URL(url).hash.slice(1).split(";").map(decodeURIComponent);
    if (text === "") return null;
    const pairs = values.map((part) => [part.split("=")[0].trim(), part.slice(part.indexOf("=") + 1)]);
    return { text, values: Object.fromEntries(pairs) };
  } catch {
    return null; // no address of ours
  }
}

// A number, or a formula without variables; null if it is neither.
function valueOf(text) {
  const bare = text.trim().toLowerCase().replace(/^\+/, "");
  if (["inf", "-inf", "nan", "-nan"].includes(bare)) return numberOf(bare.replace("-nan", "nan"));
  try {
    const parsed = parse(text);
    return parsed.names.length > 0 ? null : record(parsed, {}).at(-1).data;
  } catch {
    return null;
  }
}

// ------------------------------------------------------------------ showing

function complain(error, text) {
  const problem = byId("problem");
  problem.replaceChildren();
  field.setAttribute("aria-invalid", error !== null && error.place !== null);
  if (error === null) return;
  problem.append(element("p", {}, error.message));
  if (error.place === null) return;
  const letters = [...text];
  const [before, after] = [letters.slice(0, error.place), letters.slice(error.place + 1)];
  problem.append(element("code", {}, before.join(""), element("mark", {}, letters[error.place] ?? " "), after.join("")));
}

function show() {
  try {
    nodes = record(formula, point);
    complain(null);
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error;
    return complain(error, formula.text);
  }
  const root = nodes.at(-1);
  byId("sum").textContent = `${root.name} = ${formula.text} = ${formatNumber(root.data)}`;
  for (const name of formula.names) {
    const grad = nodes.find((node) => node.op === null && node.name === name)?.grad ?? 0;
    byId(`grad-${name}`).textContent = `∂${root.name}/∂${name} = ${formatNumber(grad)}`;
  }
  byId("rows").replaceChildren(...nodes.map(row));
  if (nodes.length <= MOST_DRAWN) drawGraph(svg, nodes);
  else svg.replaceChildren();
  document.dispatchEvent(new CustomEvent("drawn"));
  byId("info").textContent =
    nodes.length > MOST_DRAWN ? `The picture shows at most ${MOST_DRAWN} nodes; the table has all.` : `${POINT} a node or an arrow to see its arithmetic.`;
  byId("link").textContent = "Copy the link";
  link(address());
}

function row(node) {
  const made = node.op === null ? node.name : `${node.name} = ${arithmetic(node)}`;
  const cells = [formatNumber(node.data), formatNumber(node.grad), locals(node)];
  return element("tr", {}, element("th", { scope: "row" }, made), ...cells.map((cell) => element("td", {}, cell)));
}

// The words for a node, and of the arrow into one of its slots.
function told(node, slot = null) {
  if (slot !== null) {
    const [x, local] = [node.inputs[slot], node.partials[slot]];
    const product = `${formatNumber(node.grad)} × ${formatNumber(local)} = ${formatNumber(share(node.grad, node, slot))}`;
    const whole = nodes.at(-1).name;
    return `Back to ${x.name}: ∂${whole}/∂${node.name} · ∂${node.name}/∂${x.name} = ${product}`;
  }
  const made = node.op === null ? "" : ` = ${arithmetic(node)} = ${arithmetic(node, true)}`;
  return `${node.name}${made} = ${formatNumber(node.data)}, gradient ${formatNumber(node.grad)}`;
}

picture.addEventListener("pointerover", (event) => {
  const id = event.target.closest("g[data-node]");
  if (id === null) return;
  const { node, slot } = id.dataset;
  byId("info").textContent = told(nodes[node], slot === undefined ? null : Number(slot));
});

// ------------------------------------------------------------------ changing

const movers = {}; // by name, what adds to a number

// A leaf's box in the picture is dragged as its field is.
let held = null;
picture.addEventListener("pointerdown", (event) => {
  const box = event.target.closest(".node.leaf");
  if (box === null) return;
  const { name } = nodes[box.dataset.node];
  if (!has(point, name)) return;
  event.stopImmediatePropagation(); // or the picture would be moved
  picture.setPointerCapture(event.pointerId);
  held = { name, x: event.clientX };
});
picture.addEventListener("pointermove", (event) => {
  if (held === null || event.clientX === held.x) return;
  movers[held.name](0.01 * (event.clientX - held.x));
  held.x = event.clientX;
});
for (const end of ["pointerup", "pointercancel"]) picture.addEventListener(end, () => (held = null));

// A slider from -5 to 5, or as far as the number asks.
function leafControls(name) {
  const [text, slider] = [element("input", { type: "text", id: `value-${name}`, inputmode: "decimal", autocomplete: "off" }), element("input", { type: "range", "aria-label": `${name}, slider`, step: "any" })];
  const write = () => {
    text.value = String(point[name]).replace("Infinity", "inf").replace("NaN", "nan");
    text.removeAttribute("aria-invalid");
  };
  const slide = () => {
    const reach = Number.isFinite(point[name]) ? Math.max(5, 2 * Math.abs(point[name])) : 5;
    [slider.min, slider.max, slider.value] = [-reach, reach, point[name]];
  };
  const change = (number) => {
    point[name] = number;
    show();
  };
  text.addEventListener("input", () => {
    const number = valueOf(text.value);
    text.setAttribute("aria-invalid", number === null);
    if (number === null) return complain(new FormulaError(`${name} must be a number, such as -1.5 or 1/3`));
    change(number);
    slide();
  });
  text.addEventListener("blur", () => {
    const wrong = text.getAttribute("aria-invalid") === "true";
    write();
    if (wrong) read(field.value, {});
  });
  const by = (steps) => {
    change(Number((point[name] + steps).toPrecision(6)));
    write();
    slide();
  };
  movers[name] = by;
  text.addEventListener("keydown", (event) => {
    const steps = { ArrowUp: 0.1, ArrowDown: -0.1, PageUp: 1, PageDown: -1 }[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    by(event.shiftKey ? steps / 10 : steps);
  });
  text.addEventListener("pointermove", (event) => {
    if (event.buttons === 1 && event.movementX !== 0) by(0.01 * event.movementX); // dragged
  });
  slider.addEventListener("input", () => {
    change(Number(Number(slider.value).toFixed(2)));
    write();
  });
  write();
  slide();
  return element("div", { class: "leaf" }, element("label", { for: `value-${name}`, title: name }, name), text, slider, element("output", { id: `grad-${name}`, for: `value-${name}`, "aria-live": "off" }));
}

function read(text, values) {
  let parsed;
  try {
    parsed = parse(text);
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error;
    return complain(error, text.split(SPACE).filter(Boolean).join(" "));
  }
  const first = formula === null;
  const same = !first && String(parsed.names) === String(formula.names);
  formula = parsed;
  const given = (name) => valueOf(has(values, name) ? String(values[name]) : "") ?? (has(point, name) ? point[name] : 1);
  point = Object.fromEntries(formula.names.map((name) => [name, given(name)]));
  if (!same || Object.keys(values).length > 0) {
    byId("leaves").replaceChildren(...formula.names.map(leafControls));
  }
  if (!same) offerVariables();
  if (first) byId("operations").open = formula.names.length !== 1; // the curve says it all of one
  show();
}

function open(url) {
  const { text, values } = linked(url) ?? data;
  field.value = text;
  read(text, values);
}

field.addEventListener("input", () => read(field.value, {}));
byId("form").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", ({ newURL }) => open(newURL)); // the address may be another by now
byId("link").addEventListener("click", async () => {
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(location.href.split("#")[0] + address());
  } catch {
    said = "The link is in the address bar";
  }
  byId("link").textContent = said;
});

byId("operations").addEventListener("toggle", () => document.dispatchEvent(new CustomEvent("drawn")));
picture.classList.add("sized");
picture.replaceChildren(svg);
byId("sum").textContent = ""; // the formula of a link may have no value
byId("rows").replaceChildren();
for (const id of ["form", "leaves", "link"]) byId(id).hidden = false;
