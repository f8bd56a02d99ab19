// The numbers that arrows of a network show, in number and look: one of the weight, its gradient, and
// the local derivative. Of each arrow data.arrows.of has [weight, what comes along it, group].
const weighted = Object.entries(data.arrows.of).map(([id, [w, x, group]]) => ({
  w: nodes[w],
  x: x === null ? null : nodes[x],
  group,
  id: `graph-${id}`,
  labels: drawn(`graph-${id}-l`).flatMap((label) => cells(label, "local")),
}));
const AMOUNTS = {
  weight: ({ w }) => w.data,
  gradient: ({ w }, { now }) => now[w.index],
  local({ w, x, group }, { slopes }) {
    const local = (slopes[group] ??= slopesIn(group));
    if (x !== null) return local[x.index];
    const dot = nodes.find(({ index, inputs }) => index in local && inputs.includes(w)); // of a plain number
    return dot && local[dot.index] * w.data;
  },
};

// The derivatives of a box's only output to what it is computed from, by index.
const boxed = Map.groupBy(nodes, ({ index }) => boxIds[index]);
function slopesIn(id) {
  if (outputs[id].length !== 1) return {};
  return sweep(linksOf(boxed.get(id)), { [outputs[id][0].index]: 1 });
}

function amounts(what) {
  const known = { now: what === "gradient" ? gradsNow() : [], slopes: {} };
  return weighted.map((arrow) => AMOUNTS[what](arrow, known));
}

function showArrows() {
  const shownAmounts = amounts(arrowsList.value);
  const most = Math.max(...shownAmounts.map((x) => Math.abs(x || 0))) || 1;
  weighted.forEach(({ id, labels }, k) => {
    const amount = shownAmounts[k];
    write(labels, amount === undefined ? "" : inCell(amount));
    const [line] = drawn(id);
    line.classList.toggle("down", amount < 0);
    line.classList.toggle("up", amount >= 0);
    line.querySelector("path").setAttribute("stroke-width", thickness(amount || 0, most * data.arrows.finer).toFixed(2));
  });
}

const arrowsList = element("select", { id: "arrows" });
if (svg !== null && weighted.length > 0) {
  const names = { weight: "weight", gradient: "gradient ∂L/∂w", local: "local derivative" };
  for (const [what, text] of Object.entries(names)) arrowsList.append(new Option(text, what));
  arrowsList.value = data.arrows.shown;
  whole.before(element("label", {}, "Arrows show ", arrowsList));
  arrowsList.addEventListener("change", () => {
    byId("legend").textContent = data.arrows.legends[arrowsList.value];
    showArrows();
  });
  for (const what of ["step", "moved"]) document.addEventListener(what, showArrows);
  showArrows();
  picture.addEventListener("pointerover", (event) => {
    const id = event.target.closest("g[id]")?.id.replace(/-l$/, "");
    const arrow = weighted.find((each) => each.id === id);
    if (arrow === undefined) return;
    const [gradient, local] = ["gradient", "local"].map((what) => formatNumber(amounts(what)[weighted.indexOf(arrow)] ?? NaN));
    byId("info").textContent = `${arrow.w.name} = ${formatNumber(arrow.w.data)}; ∂L/∂w = ${gradient}; local derivative of the neuron = ${local}`;
  });
}
