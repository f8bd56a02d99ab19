// The card of an operation: its curve in one input, the others held still, the tangent whose slope
// is the local derivative, and a nudge along both: the gap between the two is the error.
const [WIDTH, HEIGHT, SAMPLES, SIDE] = [272, 150, 120, 8]; // px, points, and px from the box
const [curveCard, plot, nudger, over] = ["card", "plot", "nudger", "over"].map(byId);
const [slopeLine, gapLine] = curveCard.querySelectorAll("p");
let curved = null; // {node, slot, box}: what the card shows
let pinned = false;

// An operation as a function of one of its inputs; NaN where it refuses that number.
function curveOf(node, slot) {
  const at = node.operands.flatMap((x, k) => (isNode(x) ? [k] : []))[slot];
  const xs = node.operands.map((x) => (isNode(x) ? x.data : x));
  return (x) => {
    try {
      return primitives[node.op].value(...xs.with(at, x));
    } catch (error) {
      if (error instanceof PythonError) return NaN;
      throw error;
    }
  };
}

// How far to look to both sides: as far as the curve keeps near its tangent, or to its height.
function reach(f, x, slope) {
  const near = (h) => {
    const gap = Math.abs(f(x + h) - f(x) - slope * h);
    return !(gap > Math.max(0.75 * Math.abs(slope * h), 2 * Math.abs(f(x)), 2));
  };
  let far = 2 * Math.max(1, Math.abs(x));
  for (let k = 0; k < 60 && !(near(far) && near(-far)); k++) far /= 2;
  return far;
}

// The change by a nudge, the tangent's estimate of it, and the gap, but for rounding.
function nudgeAlong({ node, slot }, h) {
  const real = curveOf(node, slot)(node.inputs[slot].data + h) - node.data;
  const said = node.partials[slot] * h;
  const noise = 1e-12 * Math.max(Math.abs(real), Math.abs(node.data));
  return { real, said, gap: Math.abs(real - said) <= noise ? 0 : real - said };
}

function drawCurve() {
  const { node, slot } = curved;
  const [f, slope, x] = [curveOf(node, slot), node.partials[slot], node.inputs[slot]];
  const far = reach(f, x.data, slope);
  const range = [x.data - far, x.data + far];
  const points = sampled(f, range, SAMPLES);
  const h = Number(((far * nudger.value) / 100).toPrecision(3));
  const [low, high] = spanOf([node.data, node.data + slope * h, ...points.map(([, y]) => y)]);
  const margin = 0.15 * (high - low) || 1;
  const { real, said, gap } = nudgeAlong(curved, h);
  plot.replaceChildren(
    ...tangentShapes({ points, range, span: [low - margin, high + margin], size: [WIDTH, HEIGHT], x: x.data, y: node.data, slope, h, moved: f(x.data + h) }),
  );
  const [at, out, steep, by, moves, says, off] = [x.data, node.data, slope, h, real, said, gap].map((number) => formatNumber(number));
  plot.setAttribute("aria-label", `${node.name} over ${x.name}, with the point ${at}, ${out} and a tangent of slope ${steep}`);
  put(slopeLine, [[`At ${x.name} = ${at} the slope is `, ""], [`∂${node.name}/∂${x.name}`, "local"], [" = ", ""], [steep, "local"]]);
  const moved = [`${x.name} moves by ${by}: ${node.name} moves by ${moves}, `, ""];
  const gapped = [moved, ["the tangent says ", ""], [says, "local"], [", and the gap is ", ""], [off, "result"], [".", ""]];
  put(gapLine, Number.isFinite(real) ? gapped : [[`${node.name} is not defined where ${x.name} moves by ${by}.`, ""]]);
}

// Near its box, where it covers as few boxes as it can.
function placeCard() {
  const [home, box, own] = [rectOf(curveCard.parentElement), rectOf(curved.box), rectOf(curveCard)];
  const [others, frame] = [[...picture.querySelectorAll(".node")].map(rectOf), rectOf(picture)];
  const [middle, level] = [(box.left + box.right - own.width) / 2, (box.top + box.bottom - own.height) / 2];
  const places = [[middle, box.bottom + SIDE], [middle, box.top - own.height - SIDE], [box.right + SIDE, level], [box.left - own.width - SIDE, level], [middle, frame.bottom + SIDE]];
  const covers = places.map(([x, y]) => {
    const left = Math.max(SIDE, Math.min(x, innerWidth - own.width - SIDE));
    const top = Math.max(SIDE, Math.min(y, innerHeight - own.height - SIDE));
    const mine = { left, top, right: left + own.width, bottom: top + own.height };
    return { left, top, many: others.filter((other) => overlap(mine, other)).length };
  });
  const { left, top } = covers.reduce((a, b) => (b.many < a.many ? b : a));
  curveCard.style.left = `${left - home.left}px`;
  curveCard.style.top = `${top - home.top}px`;
}

// Shows the card of an operation that has been played; nothing while its derivative is asked for.
function showCard(node, slot, box, pins = pinned) {
  const plain = node.inputs.length > 0 && boxIds[node.index] === `n${node.index}`;
  curveCard.hidden = !plain || node.index >= shownAt || isGuessing();
  if (curveCard.hidden) return closeCard();
  [curved, pinned] = [{ node, slot, box }, pins];
  curveCard.querySelector("strong").textContent = `${node.name} = ${node.made}`;
  over.replaceChildren(...node.inputs.map((x, k) => new Option(`over ${x.name}`, k, false, k === slot)));
  over.hidden = node.inputs.length === 1;
  drawCurve();
  placeCard();
}

function closeCard() {
  pinned = false;
  curved = null;
  curveCard.hidden = true;
}

for (const [kind, pins] of [["pointerover", false], ["click", true]]) {
  picture.addEventListener(kind, (event) => {
    const at = allEvents[pointedAt(event)];
    if (at === undefined || (pins ? at.node.op === null : pinned)) return;
    showCard(at.node, at.slot ?? 0, event.target.closest("g[id]"), pins);
  });
}
picture.addEventListener("pointerleave", ({ relatedTarget }) => pinned || curveCard.contains(relatedTarget) || closeCard());
curveCard.addEventListener("pointerleave", () => pinned || closeCard());
curveCard.addEventListener("pointerdown", () => (pinned = true));
curveCard.addEventListener("keydown", (event) => event.key !== "Escape" && event.stopPropagation()); // keys move the nudge
nudger.addEventListener("input", drawCurve);
over.addEventListener("change", () => showCard(curved.node, Number(over.value), curved.box));
byId("shut").addEventListener("click", closeCard);
document.addEventListener("keydown", ({ key }) => key === "Escape" && closeCard());
document.addEventListener("moved", () => curved && drawCurve());
document.addEventListener("step", () => curved && (curved.node.index >= shownAt || isGuessing()) && closeCard());
