// A training in the browser: of the model, samples and loss in data.
const inputs = Float64Array.from(data.inputs);
const { targets, xs, ys } = data;
const names = ["rate", "activation", "layers", "pace", "sample", "layer", "neuron", "input"];
const ui = Object.fromEntries(names.map((name) => [name, byId(name)]));
const plane = document.querySelector(".plane");
const edge = plane.querySelector(".boundary");
const points = [...plane.querySelectorAll(".point")];
const shade = shader(document.querySelector(".board"), xs.length);
const grid = Float64Array.from(ys.flatMap((y) => xs.flatMap((x) => [x, y])));
const wires = makeWires(byId("wires"), choose);
let net, room, sky; // the room of the samples, and of the grid
let losses = []; // every stride steps
let stride = 1;
let count = 0;
let chosen = { layer: 0, neuron: 0, input: 0 };
let frame = 0; // of the animation, 0 while it pauses

const original = () => ({ rate: data.rate, activation: data.activation, layers: data.sizes.slice(1, -1) });
let settings = original();

// ------------------------------------------------------------------ the training

function build() {
  const sizes = [2, ...settings.layers, data.sizes.at(-1)];
  const hidden = settings.layers.map((_, k) =>
    settings.activation === data.activation ? (data.activations[k] ?? data.activation) : settings.activation,
  );
  const same = String(sizes) === String(data.sizes);
  net = makeNet(sizes, [...hidden, data.activations.at(-1)], same ? data.biased : sizes.slice(1).map(() => true));
  if (same) net.forEach((layer, k) => [layer.w.set(data.w[k]), layer.b.set(data.b[k])]);
  else initialise(net, 1);
  room = makeRoom(net, targets.length);
  sky = makeRoom(net, xs.length * ys.length);
  [losses, stride, count] = [[], 1, 0];
  chosen = { layer: 0, neuron: 0, input: 0 };
  wires.lay(net);
  const loss = data.loss.replaceAll("_", " ");
  document.querySelector("header p").textContent = `A network of ${sizes.join(" → ")}, ${targets.length} samples, ${loss}`;
}

// The loss; NaN where its operation refuses the outputs.
function measured() {
  try {
    return gradient(net, inputs, targets, room, data.loss);
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
    return NaN;
  }
}

// Gives what went wrong, or nothing.
function train(steps) {
  for (let k = 0; k < steps; k++) {
    const loss = measured();
    const most = 1000 * Math.max(1, losses[0] ?? loss);
    if (!(loss <= most)) return `The loss has exploded, to ${formatNumber(loss)}: reset, with a lower learning rate.`;
    if (count % stride === 0) losses.push(loss);
    if (losses.length > 2000) [losses, stride] = [losses.filter((_, at) => at % 2 === 0), 2 * stride];
    descend(net, settings.rate);
    count++;
  }
  return "";
}

// ------------------------------------------------------------------ showing

// Above 0 where the model answers the class, for each class; of one output as for two classes.
function fieldsOf(out, at, k) {
  if (k === 1) return [data.threshold - out[at], out[at] - data.threshold];
  return Array.from({ length: k }, (_, c) => {
    let best = -Infinity;
    for (let other = 0; other < k; other++) if (other !== c) best = Math.max(best, out[at + other]);
    return out[at + c] - best;
  });
}

function show() {
  const loss = measured();
  if (!Number.isFinite(loss)) return; // what was shown before stays
  const k = net.at(-1).nout;
  const answers = forward(net, grid, xs.length * ys.length, sky);
  const fields = [];
  for (let at = 0; at < answers.length; at += k) fields.push(fieldsOf(answers, at, k));
  const best = (field) => field.reduce((top, x, c) => (x > field[top] ? c : top), 0);
  const sure = (x) => (data.scale === 0 ? Math.tanh(x / 2) : Math.min(1, Math.max(0, x / data.scale)));
  shade(fields.map((field) => [best(field), Math.max(0, sure(field[best(field)])) || 0]));
  edge.setAttribute("d", (k === 1 ? [1] : edgesOf(k)).map((c) => contour(fields.map((field) => field[c]))).join(""));
  wires.show(net, chosen);
  let right = 0;
  targets.forEach((_, s) => (right += best(fieldsOf(room.at(-1).a, s * k, k)) === data.classes[s]));
  const share = data.classifies ? `, ${Number(((100 * right) / targets.length).toPrecision(4))} % right` : "";
  byId("now").textContent = `Step ${count}: loss ${formatNumber(loss)}${share}`;
  curve(loss);
  if (frame !== 0) return;
  explain();
  table();
}

const edgesOf = (k) => (k === 2 ? [1] : Array.from({ length: k }, (_, c) => c));

// The line where a field is 0: marching squares, as nn/pages/contours.py.
function contour(field) {
  const ground = plane.querySelector(".ground");
  const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(ground.getAttribute(name)));
  const [right, above] = [xs.length - 1, ys.length - 1];
  const place = (i, j) => `${(left + (width * i) / right).toFixed(1)} ${(top + height - (height * j) / above).toFixed(1)}`;
  let path = "";
  for (let j = 0; j < above; j++) {
    for (let i = 0; i < right; i++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const found = [];
      corners.forEach(([p, q], side) => {
        const [r, t] = corners[(side + 1) % 4];
        const [from, to] = [field[q * xs.length + p], field[t * xs.length + r]];
        if (from > 0 === to > 0) return;
        const share = from / (from - to);
        found.push(place(p + share * (r - p), q + share * (t - q)));
      });
      for (let side = 0; side + 1 < found.length; side += 2) path += `M${found[side]}L${found[side + 1]}`;
    }
  }
  return path;
}

function curve(loss) {
  const shown = [...losses, loss];
  const most = Math.max(...shown);
  const path = shown.map((x, at) => {
    const step = at < losses.length ? at * stride : count;
    return `${(58 + (404 * step) / Math.max(1, count)).toFixed(1)} ${(170 - 155 * (x / (most || 1))).toFixed(1)}`;
  });
  document.querySelector("#losses-chart .curve").setAttribute("d", `M${path.join("L")}`);
  byId("most").textContent = formatNumber(most);
  byId("least").textContent = "0";
  byId("steps").textContent = String(count);
}

function table() {
  const asks = (x, where) => {
    const button = choice(formatNumber(x), where);
    button.tabIndex = -1; // by key, the lists above choose
    button.addEventListener("click", () => byId("chain").scrollIntoView({ block: "nearest" }));
    return button;
  };
  const rows = net.flatMap(({ nin, nout, w, b, biased }, k) =>
    Array.from({ length: nout }, (_, j) => {
      const weights = [...w.slice(j * nin, (j + 1) * nin)].flatMap((x, i) => [i > 0 ? ", " : "", asks(x, { layer: k, neuron: j, input: i })]);
      const bias = biased ? asks(b[j], { layer: k, neuron: j, input: "bias" }) : formatNumber(b[j]);
      const head = element("th", { scope: "row" }, `layer ${k + 1}, neuron ${j + 1}`);
      return element("tr", {}, head, element("td", {}, bias), element("td", {}, ...weights));
    }),
  );
  byId("rows").replaceChildren(...rows);
}

// ------------------------------------------------------------------ one number

function options(select, texts, at) {
  select.replaceChildren(...texts.map(([value, text]) => new Option(text, value)));
  select.value = String(at);
}

function choose(where) {
  chosen = where;
  explain();
  wires.show(net, chosen);
}

function choice(text, where) {
  const button = element("button", { type: "button" }, text);
  button.addEventListener("click", () => choose(where));
  return button;
}

const sample = () => Math.min(targets.length, Math.max(1, Math.round(Number(ui.sample.value)) || 1)) - 1;

function explain() {
  const { nin, nout, biased } = net[chosen.layer];
  const numbered = (length, name) => Array.from({ length }, (_, j) => [j, `${name}${j + 1}`]);
  options(ui.layer, numbered(net.length, ""), chosen.layer);
  options(ui.neuron, numbered(nout, ""), chosen.neuron);
  options(ui.input, [...numbered(nin, "weight "), ...(biased ? [["bias", "bias"]] : []), ["neuron", "the neuron"]], chosen.input);
  points.forEach((point, s) => point.classList.toggle("chosen", s === sample()));
  const lines = chainOf({ net, room, inputs, targets, loss: data.loss }, chosen, sample(), choice);
  const shown = ([part, role]) => (typeof part === "string" ? element("span", { class: role }, part) : part);
  byId("info").replaceChildren(...lines.map((parts) => element("li", {}, ...parts.map(shown))));
}

// ------------------------------------------------------------------ the controls

function tick() {
  frame = requestAnimationFrame(tick);
  const problem = train(Number(ui.pace.value));
  if (problem) pause(problem);
  else show();
}

function pause(problem = "") {
  cancelAnimationFrame(frame);
  frame = 0;
  document.body.classList.remove("running"); // what is not drawn by each frame is faint meanwhile
  byId("start").textContent = "Train";
  byId("now").setAttribute("aria-live", "polite");
  byId("problem").textContent = problem;
  show();
  relink();
}

function relink() {
  const { rate, activation, layers } = settings;
  link(`#rate=${rate};activation=${activation ?? "linear"};layers=${layers};steps=${count}`);
}

byId("start").addEventListener("click", () => {
  if (frame !== 0) return pause();
  document.body.classList.add("running");
  byId("start").textContent = "Pause";
  byId("now").setAttribute("aria-live", "off");
  byId("problem").textContent = "";
  frame = requestAnimationFrame(tick);
});
byId("one").addEventListener("click", () => {
  pause(train(1));
});
byId("reset").addEventListener("click", () => {
  build();
  pause();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.matches("input, select")) return;
  if (event.key === " " && !event.target.matches("button")) byId("start").click();
  else if (event.key === "ArrowRight") byId("one").click();
  else return;
  event.preventDefault();
});

// What stands in a field, or null.
const read = {
  rate: (text) => (Number(text) > 0 && Number.isFinite(Number(text)) ? Number(text) : null),
  activation: (text) => (text === "linear" ? null : data.names.includes(text) ? text : undefined),
  layers(text) {
    const sizes = text.trim() === "" ? [] : text.split(",").map(Number);
    const fit = sizes.length <= 6 && sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 64);
    return fit ? sizes : null;
  },
};

function setLayers() {
  const sizes = read.layers(ui.layers.value);
  ui.layers.setAttribute("aria-invalid", sizes === null);
  if (sizes === null) return void (byId("problem").textContent = "Hidden layers: up to six sizes from 1 to 64, as 16, 16.");
  settings.layers = sizes;
  build();
  pause();
}

ui.rate.addEventListener("change", () => {
  const rate = read.rate(ui.rate.value);
  ui.rate.setAttribute("aria-invalid", rate === null);
  byId("problem").textContent = rate === null ? "Learning rate: a positive number." : "";
  settings.rate = rate ?? settings.rate;
  relink();
});
ui.activation.addEventListener("change", () => {
  settings.activation = read.activation(ui.activation.value);
  net.forEach((layer, k) => k + 1 < net.length && (layer.activation = settings.activation));
  show();
  relink();
});
ui.layers.addEventListener("change", setLayers);
for (const name of ["layer", "neuron", "input"]) {
  ui[name].addEventListener("change", () => {
    const number = (select) => Number(select.value);
    const [layer, neuron, input] = [number(ui.layer), number(ui.neuron), ui.input.value];
    const whole = /^\d+$/.test(input) ? Number(input) : input;
    const size = net[layer];
    choose({ layer, neuron: Math.min(neuron, size.nout - 1), input: typeof whole === "number" ? Math.min(whole, size.nin - 1) : whole });
  });
}
ui.sample.addEventListener("input", explain);
ui.sample.addEventListener("change", () => (ui.sample.value = sample() + 1));
points.forEach((point, s) =>
  point.addEventListener("click", () => {
    ui.sample.value = s + 1;
    explain();
  }),
);

// #rate=0.1;activation=tanh;layers=16,16;steps=50 trains so far at once.
function open(url) {
  const given = Object.fromEntries(decodeURIComponent(new URL(url).hash.slice(1)).split(";").map((part) => part.split("=")));
  settings = original();
  settings.rate = read.rate(given.rate) ?? settings.rate;
  settings.layers = (given.layers === undefined ? null : read.layers(given.layers)) ?? settings.layers;
  const activation = read.activation(given.activation);
  if (activation !== undefined) settings.activation = activation;
  ui.rate.value = settings.rate;
  ui.activation.value = settings.activation ?? "linear";
  ui.layers.value = settings.layers.join(", ");
  build();
  pause(train(Math.min(10000, Math.max(0, Math.round(Number(given.steps)) || 0))));
}

ui.sample.max = targets.length;
byId("still").remove();
byId("wires").removeAttribute("hidden");
for (const id of ["losses", "controls", "chain", "hint"]) byId(id).hidden = false;
window.addEventListener("hashchange", ({ newURL }) => open(newURL));
open(location.href);
