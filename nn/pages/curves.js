// Curves over the steps: the losses of the runs, and a strip of gradient norms for each layer.
const [FROM, TO, STRIP] = [58, 462, 44];

function path(run, numberAt, place) {
  const points = run.seen.map((seen) => [seen.step, numberAt(seen)]).filter(([, y]) => Number.isFinite(y));
  const at = points.map(([step, y]) => `${(FROM + ((TO - FROM) * step) / Math.max(1, run.count)).toFixed(1)} ${place(y).toFixed(1)}`);
  return at.length > 0 ? `M${at.join("L")}${at.length === 1 ? "h0" : ""}` : "";
}

function showLosses(runs) {
  const most = Math.max(0, ...runs.flatMap(({ seen }) => seen.flatMap(({ loss, test }) => [loss, test])).filter(Number.isFinite));
  const place = (y) => 170 - 155 * (y / (most || 1));
  const curves = document.querySelectorAll("#losses-chart .curve");
  [[0, "loss"], [0, "test"], [1, "loss"], [1, "test"]].forEach(([k, name], at) => {
    const d = k < runs.length ? path(runs[k], (seen) => seen[name], place) : "";
    curves[at].setAttribute("d", d);
    document.querySelectorAll("#losses .legend li")[at].hidden = d === "";
  });
  byId("empty").textContent = runs.some(({ seen }) => seen.length > 0) ? "" : "No step yet: press Train";
  byId("most").textContent = formatNumber(most);
  byId("least").textContent = "0";
  byId("steps").textContent = String(runs[0].count);
}

// The picture of a regression: each sample's output over its target. On the diagonal both are the same.
function showFit({ train, rooms }) {
  if (data.classifies || train.targets.length === 0) return;
  const outputs = rooms.train.at(-1).a;
  const [low, high] = [Math.min(...train.targets, ...outputs), Math.max(...train.targets, ...outputs)];
  const share = (x) => (x - low) / (high - low || 1);
  const places = train.targets.map((target, s) => `M${(FROM + (TO - FROM) * share(target)).toFixed(1)} ${(170 - 155 * share(outputs[s])).toFixed(1)}h0`);
  byId("pairs").setAttribute("d", places.join(""));
  [["fit-low", low], ["fit-high", high], ["fit-least", low], ["fit-most", high]].forEach(([id, x]) => (byId(id).textContent = formatNumber(x, ".3g")));
}

// On one logarithmic scale, so that a gradient that vanishes on its way back is seen.
function showNorms(run) {
  const now = run.seen.at(-1)?.norms ?? [];
  const logs = run.seen.flatMap(({ norms }) => norms).filter((x) => x > 0).map(Math.log10);
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const svg = byId("norms-chart");
  svg.setAttribute("viewBox", `-24 0 604 ${STRIP * run.net.length}`);
  const strips = run.net.flatMap((_, k) => {
    const floor = STRIP * (k + 1) - 6;
    const place = (y) => floor - (STRIP - 12) * (y > 0 && high > low ? (Math.log10(y) - low) / (high - low) : Number(y > 0));
    return [
      shape("path", { class: "rule", d: `M${FROM} ${floor}H${TO}` }),
      shape("path", { class: "curve c0", d: path(run, ({ norms }) => norms[k], place) }),
      shape("text", { class: "y", x: 50, y: floor - 8 }, `layer ${k + 1}`),
      shape("text", { x: TO + 8, y: floor - 8 }, now.length > 0 ? formatNumber(now[k]) : ""),
    ];
  });
  svg.replaceChildren(...strips);
}
