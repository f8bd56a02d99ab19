// A training in the browser, of the model, samples and loss in data, or of what is chosen here;
// or two of them on one clock.
const names = ["rate", "activation", "layers", "pace", "sample", "layer", "neuron", "input", "set", "noise", "test", "batch", "l1", "l2", "brush", "shown", "optimizer", "squares", "product"];
const ui = Object.fromEntries(names.map((name) => [name, byId(name)]));
const wires = makeWires(byId("wires"), choose);
const rival = byId("rival");
drawAxes(document.querySelector(".plane"), xs, ys);
const planes = [makePlane(document.querySelector(".board"), pointed, paint)];
let runs = []; // the one that is changed, and another that it is compared with
let chosen = { layer: 0, neuron: 0, input: 0 };
let frame = 0; // of the animation, 0 while it pauses

const original = () => ({
  rate: data.rate, activation: data.activation, layers: data.sizes.slice(1, -1),
  set: "given", noise: 0.1, test: 0, batch: 0, l1: 0, l2: 0, exhibit: "",
  optimizer: "SGD", squares: 0, product: 0,
});
let settings = original();

// ------------------------------------------------------------------ the training

function build() {
  runs = [settings, ...runs.slice(1).map((run) => run.settings)].map(makeRun);
  runs.forEach((run, k) => planes[k].lay(run));
  chosen = { layer: 0, neuron: 0, input: 0 };
  wires.lay(runs[0].net, inputNames(settings));
  const [{ net, train }] = runs;
  const sizes = [net[0].nin, ...net.map(({ nout }) => nout)].join(" → ");
  document.querySelector("header p").textContent = `A network of ${sizes}, ${train.targets.length.toLocaleString("en")} samples, ${data.loss.replaceAll("_", " ")}`;
  ui.sample.max = train.targets.length;
  byId("told").textContent = EXHIBITS[settings.exhibit]?.told ?? "";
  for (const button of byId("exhibits").querySelectorAll("button")) button.setAttribute("aria-pressed", button.textContent === settings.exhibit);
}

// So many steps of all runs; gives what went wrong, or nothing.
function train(steps) {
  for (let k = 0; k < steps; k++) {
    const problem = runs.map((run) => run.step()).find((text) => text !== "");
    if (problem) return problem;
  }
  return "";
}

// ------------------------------------------------------------------ showing

// The remark about a run, whose losses are measured anew.
function told(run) {
  const parts = [["test", run.test], ["train", run.train]].filter(([, { targets }]) => targets.length > 0).map(([part, samples]) => {
    const loss = run.measured(part); // of the test first, as the gradient of the last one stays
    const right = data.classifies ? `, ${rightOf(run, samples, part)} % right` : "";
    return [loss, `${part === "test" ? "; test " : ""}loss ${formatNumber(loss)}${right}`];
  });
  return { fine: parts.every(([loss]) => Number.isFinite(loss)), text: parts.reverse().map(([, text]) => text).join("") };
}

function show() {
  const words = runs.map(told);
  if (!words.every(({ fine }) => fine)) return; // what was shown before stays
  runs.forEach((run, k) => {
    forward(run.net, run.ground, grid.length / 2, run.sky);
    planes[k].show(run);
  });
  const [run] = runs;
  arrows();
  wires.heat(run, classColours());
  byId("now").textContent = `Step ${run.count}: ${words[0].text || "no samples yet"}`;
  byId("other").textContent = words.length > 1 ? `Kept: ${words[1].text}` : "";
  showLosses(runs);
  showNorms(run);
  showFit(run);
  if (frame !== 0) return;
  explain();
  table();
}

function arrows() {
  const { net, rooms } = runs[0];
  const shown = {
    weight: ({ w }) => w,
    gradient: ({ dw }) => dw,
    local: ({ w, nin, nout, activation }, k) => {
      const { a, z } = rooms.train[k];
      const { slope } = activationOf(activation);
      const at = (p) => sample() * nout + Math.floor(p / nin);
      return w.map((weight, p) => weight * (a.length > 0 ? slope(a[at(p)], z[at(p)]) : 0));
    },
  };
  wires.show(net, chosen, net.map(shown[ui.shown.value]));
}

function table() {
  const asks = (x, where) => {
    const button = choice(formatNumber(x), where);
    button.tabIndex = -1; // by key, the lists above choose
    button.addEventListener("click", () => byId("chain").scrollIntoView({ block: "nearest" }));
    return button;
  };
  const rows = runs[0].net.flatMap(({ nin, nout, w, b, biased }, k) =>
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
  arrows();
}

function choice(text, where) {
  const button = element("button", { type: "button" }, text);
  button.addEventListener("click", () => choose(where));
  return button;
}

const sample = () => Math.min(runs[0].train.targets.length, Math.max(1, Math.round(Number(ui.sample.value)) || 1)) - 1;

function explain() {
  const { nin, nout, biased } = runs[0].net[chosen.layer];
  const numbered = (length, name) => Array.from({ length }, (_, j) => [j, `${name}${j + 1}`]);
  options(ui.layer, numbered(runs[0].net.length, ""), chosen.layer);
  options(ui.neuron, numbered(nout, ""), chosen.neuron);
  options(ui.input, [...numbered(nin, "weight "), ...(biased ? [["bias", "bias"]] : []), ["neuron", "the neuron"]], chosen.input);
  planes[0].mark(sample());
  const lines = sample() < 0 ? [] : chainOf(runs[0], chosen, sample(), choice);
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

function restart() {
  build();
  pause();
}

function relink() {
  const { rate, activation, layers, ...more } = settings;
  const usual = original();
  const changed = Object.entries(more).filter(([name, value]) => value !== usual[name]).map(([name, value]) => `${name}=${value};`);
  link(encodeURI(`#rate=${rate};activation=${activation ?? "linear"};layers=${layers};${changed.join("")}steps=${runs[0].count}`));
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
byId("reset").addEventListener("click", () => (settings.exhibit === "" ? restart() : exhibit("")));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.matches("input, select")) return;
  if (event.key === " " && !event.target.matches("button")) byId("start").click();
  else if (event.key === "ArrowRight") byId("one").click();
  else return;
  event.preventDefault();
});

// The number that a field stands for, or undefined; and what it must be.
const amount = (least, most, whole = false) => (text) => {
  const x = String(text).trim() === "" ? NaN : Number(text);
  return x >= least && x <= most && (!whole || Number.isInteger(x)) ? x : undefined;
};
const read = {
  rate: [amount(Number.MIN_VALUE, Number.MAX_VALUE), "Learning rate: a positive number."],
  activation: [(text) => (text === "linear" ? null : data.names.includes(text) ? text : undefined), "Activation: one of the list."],
  layers: [
    (text) => {
      const sizes = text.trim() === "" ? [] : text.trim().split(/[\s,]+/).map(Number);
      return sizes.length <= 6 && sizes.every(amount(1, 64, true)) ? sizes : undefined;
    },
    "Hidden layers: up to six sizes from 1 to 64, as 16, 16.",
  ],
  set: [(text) => [...ui.set.options].map(({ value }) => value).find((value) => value === text), "Data: one of the list."],
  noise: [amount(0, 2), "Noise: a number from 0 to 2."],
  test: [amount(0, 90), "Test: from 0 to 90 percent of the samples."],
  batch: [(text) => (text.trim() === "all" ? 0 : amount(0, 2000, true)(text)), "Batch: a number of samples, or all."],
  l1: [amount(0, 100), "L1: a number from 0 on."],
  l2: [amount(0, 100), "L2: a number from 0 on."],
  optimizer: [(text) => (text in MOVES ? text : undefined), "Optimizer: one of the list."],
  squares: [amount(0, 1, true), "Squares: on or off."],
  product: [amount(0, 1, true), "Product: on or off."],
  exhibit: [(text) => (text in EXHIBITS ? text : undefined), ""],
};
const STARTS_ANEW = ["layers", "set", "noise", "test", "squares", "product"];

function fill() {
  for (const name of Object.keys(read)) if (name in ui) ui[name].value = settings[name] ?? "linear";
  for (const name of ["squares", "product"]) ui[name].checked = settings[name] === 1;
  ui.layers.value = settings.layers.join(", ");
  ui.batch.value = settings.batch || "all";
  fitData();
}

function fitData() {
  ui.noise.disabled = ["given", "painted"].includes(settings.set);
  ui.brush.parentElement.hidden = settings.set !== "painted";
}

for (const [name, [parse, must]] of Object.entries(read)) {
  ui[name]?.addEventListener("change", () => {
    const answer = parse(ui[name].type === "checkbox" ? Number(ui[name].checked) : ui[name].value);
    ui[name].setAttribute("aria-invalid", answer === undefined);
    byId("problem").textContent = answer === undefined ? must : "";
    if (answer === undefined) return;
    settings[name] = answer;
    fitData();
    if (STARTS_ANEW.includes(name)) return restart();
    if (name === "activation") runs[0].net.slice(0, -1).forEach((layer) => (layer.activation = answer));
    if (frame === 0) show();
    relink();
  });
}

// A copy of what is set now stays, and both start anew.
byId("compare").addEventListener("click", () => {
  rival.hidden = runs.length > 1;
  byId("compare").setAttribute("aria-pressed", !rival.hidden);
  document.querySelector(".figures").classList.toggle("compared", !rival.hidden);
  if (!rival.hidden && planes.length === 1) {
    const board = rival.querySelector(".board");
    board.append(document.querySelector(".plane").cloneNode(true));
    planes.push(makePlane(board, () => {}, () => {}));
  }
  runs = rival.hidden ? [runs[0]] : [runs[0], { settings: { ...settings } }];
  const { rate, optimizer, activation, layers, batch, set } = settings;
  byId("kept").textContent = `Kept: rate ${rate}, ${activation ?? "linear"}, layers ${layers.join(", ") || "none"}, ${set}, batch ${batch || "all"}, ${optimizer}`;
  restart();
});

for (const name of Object.keys(EXHIBITS)) {
  const button = element("button", { type: "button" }, name);
  byId("exhibits").append(button);
  button.addEventListener("click", () => exhibit(settings.exhibit === name ? "" : name));
}

function exhibit(name) {
  const { layers, set, noise, test, batch, squares, product } = settings;
  settings = { ...original(), layers: layers.length > 0 ? layers : [4], set, noise, test, batch, squares, product, ...EXHIBITS[name]?.settings, exhibit: name };
  fill();
  restart();
  byId("now").scrollIntoView({ block: "nearest" });
}

for (const name of ["layer", "neuron", "input"]) {
  ui[name].addEventListener("change", () => {
    const number = (select) => Number(select.value);
    const [layer, neuron, input] = [number(ui.layer), number(ui.neuron), ui.input.value];
    const whole = /^\d+$/.test(input) ? Number(input) : input;
    const size = runs[0].net[layer];
    choose({ layer, neuron: Math.min(neuron, size.nout - 1), input: typeof whole === "number" ? Math.min(whole, size.nin - 1) : whole });
  });
}
const other = () => [explain(), arrows()];
ui.sample.addEventListener("input", other);
ui.sample.addEventListener("change", () => (ui.sample.value = sample() + 1));
ui.shown.addEventListener("change", arrows);

function pointed(s, event) {
  event.stopPropagation(); // or another would be painted there
  ui.sample.value = s + 1;
  other();
}

function paint(x, y) {
  if (settings.set !== "painted") return;
  const k = Number(ui.brush.value);
  painted.push([x, y, k, data.pair[k] ?? k]);
  restart();
}

// #rate=0.1;activation=tanh;layers=16,16;steps=50 trains so far at once.
function open(url) {
  const pairs = decodeURIComponent(new URL(url).hash.slice(1)).split(";").map((part) => part.split("="));
  const asked = Object.fromEntries(pairs);
  settings = original();
  for (const [name, [parse]] of Object.entries(read)) {
    const answer = asked[name] === undefined ? undefined : parse(asked[name]);
    if (answer !== undefined) settings[name] = answer;
  }
  fill();
  build();
  pause(train(Math.min(10000, Math.max(0, Math.round(Number(asked.steps)) || 0))));
}

byId("still").remove();
for (const id of ["wires", "losses", "norms", "controls", "settings", "exhibits", ...(data.classifies ? [] : ["fit"]), "chain", "hint"]) byId(id).removeAttribute("hidden");
window.addEventListener("hashchange", ({ newURL }) => open(newURL));
open(location.href);
