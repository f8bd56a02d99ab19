const board = document.querySelector(".board"); // null where there is no plane
const edge = document.querySelector(".plane .boundary");
const line = document.querySelector("li.line"); // of the boundary, which may not be in sight
const shading = board === null ? null : shader(board, data.plane.columns);
if (board !== null) {
  const svg = board.querySelector("svg");
  const { xs, ys, points } = data.plane;
  const place = groundOf(svg, xs, ys);
  svg.append(...points.map(([x, y, k]) => sampleAt(place, [x, y], k)));
  drawAxes(svg, xs, ys);
}
const figures = [...document.querySelectorAll(".chart")].map((chart, k) => makeChart(chart, data.charts[k]));

// The class that is answered at each place, and how surely; of two classes there is one field.
function shade(position) {
  const { fields, columns, scale } = data.plane;
  const grids = fields[position].map((grid) => grid.map(numberOf));
  const d = grids.map((grid) => contour(board.querySelector(".ground"), grid, columns)).join("");
  edge.setAttribute("d", d);
  line.hidden = d === "";
  const each = (at) => (grids.length > 1 ? grids.map((grid) => grid[at]) : [-grids[0][at], grids[0][at]]);
  shading(grids[0].map((_, at) => answered(each(at), scale)));
}

// Axes, curves, a cursor over them, and the numbers where it is.
function makeChart(svg, { curves, percent, logarithmic }) {
  const [left, right, top, bottom] = [58, 462, 12, 212];
  const all = curves.map((numbers) => numbers.map(numberOf));
  const epochs = all[0].map((_, i) => i + 1);
  const first = Math.min(data.keys[0], 1);
  const x = { low: first, high: Math.max(first + 1, epochs.length), start: left, end: right, logarithmic: false };
  const y = scaleOf(all.flat(), bottom, top, logarithmic);
  const ticks = numbersOn(y);
  const texts = textsOf(ticks, percent[0]);
  const room = Math.min(0, left - 8 - LETTER * Math.max(...texts.map((text) => text.length)));
  svg.setAttribute("viewBox", `${room} 0 ${480 - room} 264`);
  const whole = ticksOf([x.low, x.high]).filter(Number.isInteger);
  svg.append(
    ...ticks.map((tick) => shape("path", { class: "rule", d: `M${left} ${placeOn(y, tick).toFixed(1)}H${right}` })),
    ...up(y, left, texts),
    ...whole.map((tick) => shape("text", { class: "x", x: placeOn(x, tick), y: bottom + 22 }, String(tick))),
    shape("path", { class: "axis", d: `M${left} ${bottom}H${right}` }),
    shape("text", { class: "x", x: (left + right) / 2, y: 260 }, "epoch"),
    ...all.map((_, k) => shape("path", { class: `curve c${k}` })),
    shape("path", { class: "cursor", d: `M0 ${top}V${bottom}` }),
    ...all.map((_, k) => shape("circle", { class: `dot c${k}`, r: 5 })),
  );
  const [cursor, dots] = [svg.querySelector(".cursor"), svg.querySelectorAll(".dot")];
  const values = svg.parentElement.querySelectorAll(".legend b");
  const at = (epoch, number) => [placeOn(x, epoch), placeOn(y, number)];
  const say = (number, k) => textsOf([number], percent[k])[0];
  svg.querySelectorAll(".curve").forEach((curve, k) => curve.setAttribute("d", all[k].map((number, i) => {
    if (!Number.isFinite(number)) return "";
    const point = at(epochs[i], number).map((place) => place.toFixed(1)).join(" ");
    const [first, last] = [!Number.isFinite(all[k][i - 1]), !Number.isFinite(all[k][i + 1])];
    return `${first ? "M" : "L"}${point}${first && last ? "h0" : ""}`;
  }).join("")));
  return (epoch) => {
    const numbers = all.map((xs) => xs[epoch - 1]);
    cursor.setAttribute("transform", `translate(${placeOn(x, epoch).toFixed(1)} 0)`);
    numbers.forEach((number, k) => {
      const [across, above] = Number.isFinite(number) ? at(epoch, number) : [-99, 0];
      dots[k].setAttribute("transform", `translate(${across.toFixed(1)} ${above.toFixed(1)})`);
      values[k].textContent = number === undefined ? "–" : say(number, k);
    });
  };
}

player(
  (position) => {
    if (board !== null) shade(position);
    for (const show of figures) show(data.keys[position]);
    byId("now").textContent = data.statuses[position];
  },
  (position) => data.statuses[position],
);
