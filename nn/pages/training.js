const areas = document.querySelectorAll(".plane .area, .plane .boundary");
const line = document.querySelector("li.line"); // of the boundary, which may not be in sight
const figures = [...document.querySelectorAll(".chart")].map((chart, k) => ({
  data: data.charts[k],
  cursor: chart.querySelector(".cursor"),
  dots: chart.querySelectorAll(".dot"),
  values: chart.parentElement.querySelectorAll(".legend b"),
}));

player(
  (position) => {
    areas.forEach((path, k) => path.setAttribute("d", data.frames[position][k]));
    if (line !== null) line.hidden = data.frames[position].at(-1) === "";
    for (const { data, cursor, dots, values } of figures) {
      cursor.setAttribute("transform", data.cursor[position]);
      dots.forEach((dot, k) => dot.setAttribute("transform", data.dots[k][position]));
      values.forEach((value, k) => (value.textContent = data.values[k][position]));
    }
    byId("now").textContent = data.statuses[position];
  },
  (position) => data.statuses[position],
);
