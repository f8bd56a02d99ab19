// The curve of the formula over one of its variables, with the tangent, whose slope is the
// gradient. The point is dragged along the curve; a nudge compares the curve with the tangent.
const [PLOT_HIGH, EDGE, FINEST] = [260, 44, 160]; // px of the plot and of its left edge, points
const [section, plot, over, nudger, steep, gapLine] = ["slope", "plot", "over", "nudger", "steep", "gap"].map(byId);
let range = null; // of the variable, the least and the largest that are shown

// Around 0 and x, with room on both sides.
function windowOf(x) {
  const [low, high] = [Math.min(0, x), Math.max(0, x)];
  const room = Math.max(2, (high - low) / 2);
  return [low - room, high + room];
}

function drawSlope() {
  if (nodes.length === 0) return; // the formula of a link may have no value
  const name = over.value;
  const root = nodes.at(-1);
  const x = point[name];
  section.hidden = !Number.isFinite(x) || !Number.isFinite(root.data);
  if (section.hidden) return;
  const f = (at) => {
    try {
      return record(formula, { ...point, [name]: at }).at(-1).data;
    } catch (error) {
      if (error instanceof FormulaError) return NaN;
      throw error;
    }
  };
  if (range === null || x < range[0] || x > range[1]) range = windowOf(x);
  const width = Math.max(240, plot.clientWidth) - 12;
  const slope = nodes.find((node) => node.op === null && node.name === name)?.grad ?? 0;
  const h = Number((((range[1] - range[0]) * nudger.value) / 200).toPrecision(2));
  const points = sampled(f, range, nodes.length > 60 ? FINEST / 4 : FINEST);
  const heights = points.map(([, y]) => y).filter(Number.isFinite).sort((a, b) => a - b);
  const most = (share) => heights[Math.floor(share * (heights.length - 1))] ?? root.data; // steep ends may leave the plot
  const [low, high] = spanOf([root.data, most(0.04), most(0.9)]);
  const margin = 0.12 * (high - low) || 1;
  const span = [low - margin, high + margin];
  const size = [width - EDGE, PLOT_HIGH - 40];
  const moved = f(x + h);
  const across = (at) => (size[0] * (at - range[0])) / (range[1] - range[0]);
  const up = (at) => size[1] * (1 - (at - span[0]) / (span[1] - span[0]));
  const rules = [
    ...ticksOf(range).map((at) => [shape("path", { class: at === 0 ? "axis" : "rule", d: `M${across(at)} 0V${size[1]}` }), shape("text", { x: across(at), y: size[1] + 16, "text-anchor": "middle" }, String(at))]),
    ...ticksOf(span).map((at) => [shape("path", { class: at === 0 ? "axis" : "rule", d: `M0 ${up(at)}H${size[0]}` }), shape("text", { x: -5, y: up(at) + 4, "text-anchor": "end" }, String(at))]),
  ].flat();
  const names = [shape("text", { class: "axis-name", x: size[0] / 2, y: size[1] + 34, "text-anchor": "middle" }, name), shape("text", { class: "axis-name", x: 6, y: 14 }, root.name)];
  const inside = shape("svg", { width: size[0], height: size[1], class: "inside" }, ...tangentShapes({ points, range, span, size, x, y: root.data, slope, h, moved }));
  plot.setAttribute("viewBox", `${-EDGE} -4 ${width + 12} ${PLOT_HIGH + 4}`);
  plot.replaceChildren(...rules, inside, ...names);
  plot.setAttribute("aria-label", `${root.name} over ${name}, with the point ${formatNumber(x)}, ${formatNumber(root.data)} and a tangent of slope ${formatNumber(slope)}`);
  const said = (text, role = "") => element("span", { class: role }, text);
  steep.replaceChildren(`At ${name} = ${formatNumber(x)} the slope of the tangent is `, said(formatNumber(slope), "local"), ".");
  const times = h === 0 ? "" : `, ${formatNumber(moved - root.data)} ÷ ${formatNumber(h)} = ${formatNumber((moved - root.data) / h)} times as far`;
  const told = [`Nudge ${name} by ${formatNumber(h)}: ${root.name} moves by ${formatNumber(moved - root.data)}${times}. The tangent says `, said(formatNumber(slope), "local"), "."];
  gapLine.replaceChildren(...(h === 0 ? [`No nudge: ${root.name} stays where it is.`] : Number.isFinite(moved) ? told : [`${root.name} is not defined at ${name} = ${formatNumber(x + h)}.`]));
}

// The variables to choose from, when the formula has other ones.
function offerVariables() {
  const kept = formula.names.includes(over.value) ? over.value : formula.names[0];
  over.replaceChildren(...formula.names.map((name) => new Option(name, name, false, name === kept)));
  over.parentElement.hidden = formula.names.length < 2;
  range = null;
}

let dragged = false;
function drag({ clientX }) {
  const { left, width } = rectOf(plot.querySelector(".inside"));
  const share = Math.min(1, Math.max(0, (clientX - left) / width));
  const step = 10 ** Math.ceil(Math.log10((range[1] - range[0]) / 500));
  movers[over.value](Math.round((range[0] + share * (range[1] - range[0])) / step) * step - point[over.value]);
}
plot.addEventListener("pointerdown", (event) => {
  dragged = true;
  plot.setPointerCapture(event.pointerId);
  drag(event);
});
plot.addEventListener("pointermove", (event) => dragged && drag(event));
for (const end of ["pointerup", "pointercancel"]) plot.addEventListener(end, () => (dragged = false));
nudger.addEventListener("input", drawSlope);
nudger.addEventListener("keydown", (event) => event.stopPropagation());
over.addEventListener("change", () => {
  range = null;
  drawSlope();
});
document.addEventListener("drawn", drawSlope);
window.addEventListener("resize", drawSlope);
open(location.href);
