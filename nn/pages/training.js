const board = document.querySelector(".board"); // null where there is no plane
const edge = document.querySelector(".plane .boundary");
const line = document.querySelector("li.line"); // of the boundary, which may not be in sight
const shading = board === null ? null : shader(board, data.plane.columns);
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

// Curves on the axes of a picture, a cursor over them, and the numbers where it is.
function makeChart(svg, { epochs, curves, percent, across, up, logarithmic }) {
  const all = curves.map((numbers) => numbers.map(numberOf));
  const [cursor, dots] = [svg.querySelector(".cursor"), svg.querySelectorAll(".dot")];
  const values = svg.parentElement.querySelectorAll(".legend b");
  const scale = logarithmic ? Math.log10 : (x) => x;
  const place = ([low, high, start, end], x, of = (y) => y) => start + ((of(x) - of(low)) / (of(high) - of(low))) * (end - start);
  const at = (epoch, x) => [place(across, epoch), place(up, x, scale)];
  const say = (x, k) => (percent[k] ? `${general(100 * x, 4)} %` : formatNumber(x));
  svg.querySelectorAll(".curve").forEach((curve, k) => curve.setAttribute("d", all[k].map((x, i) => {
    if (!Number.isFinite(x)) return "";
    const point = at(epochs[i], x).map((y) => y.toFixed(1)).join(" ");
    const [first, last] = [!Number.isFinite(all[k][i - 1]), !Number.isFinite(all[k][i + 1])];
    return `${first ? "M" : "L"}${point}${first && last ? "h0" : ""}`;
  }).join("")));
  return (epoch) => {
    const numbers = all.map((xs) => xs[epochs.indexOf(epoch)]);
    cursor.setAttribute("transform", `translate(${place(across, epoch).toFixed(1)} 0)`);
    numbers.forEach((x, k) => {
      const [left, top] = Number.isFinite(x) ? at(epoch, x) : [-99, 0];
      dots[k].setAttribute("transform", `translate(${left.toFixed(1)} ${top.toFixed(1)})`);
      values[k].textContent = x === undefined || (epoch === 0 && x !== x) ? "–" : say(x, k);
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
