const board = document.querySelector(".board"); // null where there is no plane
const edge = document.querySelector(".plane .boundary");
const line = document.querySelector("li.line"); // of the boundary, which may not be in sight
const figures = [...document.querySelectorAll(".chart")].map((chart, k) => ({
  data: data.charts[k],
  cursor: chart.querySelector(".cursor"),
  dots: chart.querySelectorAll(".dot"),
  values: chart.parentElement.querySelectorAll(".legend b"),
}));
const shading = board === null ? null : shader(board, data.plane.columns);

// The class that is answered at each place, and how surely.
function shade(position) {
  const { lines, shades, codes, levels } = data.plane;
  edge.setAttribute("d", lines[position]);
  line.hidden = lines[position] === "";
  shading([...shades[position]].map((letter) => {
    const code = codes.indexOf(letter);
    return [Math.floor(code / levels), (code % levels) / (levels - 1)];
  }));
}

player(
  (position) => {
    if (board !== null) shade(position);
    for (const { data, cursor, dots, values } of figures) {
      cursor.setAttribute("transform", data.cursor[position]);
      dots.forEach((dot, k) => dot.setAttribute("transform", data.dots[k][position]));
      values.forEach((value, k) => (value.textContent = data.values[k][position]));
    }
    byId("now").textContent = data.statuses[position];
  },
  (position) => data.statuses[position],
);
