// The network as SVG: a column a layer, arrows as wide as their weights are large, blue and
// whole where they are positive, orange and dashed where negative.
const [THIN, THICK] = [0.6, 4];
const SMALLEST = 0.65; // the scale at which names are still legible

function makeWires(svg, choose) {
  let lines = [];
  let circles = [];
  let places = [];
  let halos = null; // behind the chosen arrows, which keep their colour
  let radius = 12;

  function lay(net) {
    const sizes = [net[0].nin, ...net.map(({ nout }) => nout)];
    const tall = Math.max(...sizes);
    const space = Math.max(10, Math.min(34, 300 / tall));
    const height = tall * space + 30;
    const apart = Math.min(150, 400 / net.length);
    radius = Math.min(12, space * 0.4);
    places = sizes.map((size, k) =>
      Array.from({ length: size }, (_, j) => ({
        x: 30 + k * apart,
        y: height / 2 + (j - (size - 1) / 2) * space,
      })),
    );
    svg.setAttribute("viewBox", `0 0 ${60 + net.length * apart} ${height}`);
    svg.style.minHeight = `${SMALLEST * height}px`;
    lines = [];
    net.forEach(({ nin, nout }, k) => {
      for (let j = 0; j < nout; j++) {
        for (let i = 0; i < nin; i++) {
          const [from, to] = [places[k][i], places[k + 1][j]];
          lines.push(shape("line", { x1: from.x + radius, y1: from.y, x2: to.x - radius, y2: to.y }));
        }
      }
    });
    circles = places.flatMap((column, k) =>
      column.map(({ x, y }) => shape("circle", { class: k > 0 ? "neuron" : "input", cx: x, cy: y, r: radius })),
    );
    const names = places[0].map(({ x, y }, i) =>
      shape("text", { x: x - radius - 4, y: y + 5, "text-anchor": "end" }, `x${"₁₂"[i]}`),
    );
    const title = svg.querySelector("title");
    halos = shape("g", { class: "halos" });
    svg.replaceChildren(title, halos, ...lines, ...circles, ...names);
  }

  function show(net, chosen) {
    const heaviest = Math.max(1e-300, ...net.map(({ w }) => w.reduce((most, x) => Math.max(most, Math.abs(x)), 0)));
    let at = 0;
    net.forEach(({ w, nin }, k) => {
      w.forEach((weight, p) => {
        const line = lines[at++];
        const mine = chosen.layer === k && chosen.neuron === Math.floor(p / nin) && [p % nin, "neuron"].includes(chosen.input);
        line.setAttribute("class", `${weight < 0 ? "down" : "up"}${mine ? " chosen" : ""}`);
        line.setAttribute("stroke-width", (THIN + (THICK * Math.abs(weight)) / heaviest).toFixed(2));
      });
    });
    halos.replaceChildren(...lines.filter((line) => line.classList.contains("chosen")).map((line) => line.cloneNode()));
    at = places[0].length;
    net.forEach(({ nout }, k) => {
      for (let j = 0; j < nout; j++) {
        circles[at++].classList.toggle("chosen", chosen.layer === k && chosen.neuron === j);
      }
    });
  }

  // What lies nearest to a click: a neuron, or an arrow into one.
  svg.addEventListener("click", (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    for (let k = 1; k < places.length; k++) {
      const neuron = places[k].findIndex((at) => Math.hypot(at.x - x, at.y - y) <= radius * 1.3);
      if (neuron >= 0) return choose({ layer: k - 1, neuron, input: "neuron" });
    }
    const layer = places.findIndex((column, k) => k + 1 < places.length && x > column[0].x && x < places[k + 1][0].x);
    if (layer < 0) return;
    let best = [Infinity];
    places[layer].forEach((from, input) => {
      places[layer + 1].forEach((to, neuron) => {
        const share = (x - from.x) / (to.x - from.x);
        const slope = (to.y - from.y) / (to.x - from.x);
        const off = Math.abs(from.y + share * (to.y - from.y) - y) / Math.hypot(1, slope);
        if (off < best[0]) best = [off, { layer, neuron, input }];
      });
    });
    if (best[0] < 8) choose(best[1]);
  });
  return { lay, show };
}
