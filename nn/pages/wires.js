// The network as SVG: a column a layer, arrows as wide as what they show is large, blue and
// whole where it is positive, orange and dashed where negative. In a neuron is its output over
// the plane, in the same colours.
function makeWires(svg, choose) {
  const canvas = element("canvas", { "aria-hidden": "true" });
  const small = element("canvas");
  svg.before(canvas);
  let lines = [];
  let circles = [];
  let places = [];
  let halos = null; // behind the chosen arrows, which keep their colour
  let number = null; // on the chosen arrow
  let radius = 12;

  function lay(net, named) {
    const sizes = [net[0].nin, ...net.map(({ nout }) => nout)];
    const space = Math.max(10, Math.min(52, 360 / Math.max(...sizes)));
    const height = Math.max(...sizes) * space + 20;
    const apart = Math.min(150, 480 / net.length);
    const left = named.length > 2 ? 58 : 36; // of the inputs, right of their names
    const width = left + 24 + net.length * apart;
    radius = Math.min(20, space * 0.42);
    places = sizes.map((size, k) =>
      Array.from({ length: size }, (_, j) => ({
        x: left + k * apart,
        y: height / 2 + (j - (size - 1) / 2) * space,
      })),
    );
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.parentElement.style.setProperty("--ratio", width / height);
    [canvas.width, canvas.height] = [3 * width, 3 * height];
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
      shape("text", { x: x - radius - 3, y: y + 5, "text-anchor": "end" }, named[i]),
    );
    const title = svg.querySelector("title");
    halos = shape("g", { class: "halos" });
    number = shape("text", { class: "amount", "text-anchor": "middle" });
    svg.replaceChildren(title, halos, ...lines, ...circles, ...names, number);
  }

  // amounts: by layer, what the arrows show.
  function show(net, chosen, amounts) {
    const most = Math.max(1e-300, ...amounts.map((layer) => layer.reduce((top, x) => Math.max(top, Math.abs(x)), 0)));
    let at = 0;
    number.textContent = "";
    net.forEach(({ nin }, k) => {
      amounts[k].forEach((amount, p) => {
        const line = lines[at++];
        const mine = chosen.layer === k && chosen.neuron === Math.floor(p / nin) && [p % nin, "neuron"].includes(chosen.input);
        line.setAttribute("class", `${amount < 0 ? "down" : "up"}${mine ? " chosen" : ""}`);
        line.setAttribute("stroke-width", thickness(amount, most).toFixed(2));
        if (!mine || chosen.input === "neuron") return;
        const [from, to] = [places[k][p % nin], places[k + 1][chosen.neuron]];
        number.setAttribute("x", (from.x + to.x) / 2);
        number.setAttribute("y", (from.y + to.y) / 2 + 5);
        number.textContent = formatNumber(amount);
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

  // The outputs of every neuron over the plane, and the inputs there.
  function heat({ sky, ground }, colours) {
    const pen = canvas.getContext("2d");
    pen.setTransform(3, 0, 0, 3, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    places.forEach((column, k) =>
      column.forEach(({ x, y }, j) => {
        heatOf(k > 0 ? sky[k - 1].a : ground, j, column.length, colours, small);
        pen.save();
        pen.beginPath();
        pen.arc(x, y, radius, 0, 2 * Math.PI);
        pen.clip();
        pen.drawImage(small, x - radius, y - radius, 2 * radius, 2 * radius);
        pen.restore();
      }),
    );
  }

  // The part nearest to a click: a neuron, or an arrow into one.
  svg.addEventListener("click", (event) => {
    const { x, y } = placeIn(svg, event);
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
  return { lay, show, heat };
}

// A neuron's outputs as an image: the colour says the sign, and how strong it is, the size.
function heatOf(all, j, count, colours, canvas) {
  const out = [...all].filter((_, at) => at % count === j);
  const most = out.reduce((top, x) => Math.max(top, Math.abs(x)), 1e-300);
  return pixels(out, xs.length, (x) => [...colours[Number(x > 0)], (255 * Math.abs(x)) / most], canvas);
}
