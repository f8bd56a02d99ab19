// The plane of a run: shades and boundary of what it answers, and its samples.
// The place of an event, in the units of a picture.
const placeIn = (svg, { clientX, clientY }) => new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());

function makePlane(board, chosen, clicked) {
  const svg = board.querySelector("svg");
  const edge = svg.querySelector(".boundary");
  const ground = svg.querySelector(".ground");
  const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(ground.getAttribute(name)));
  const shade = shader(board, xs.length);

  // The samples, those for testing hollow.
  function lay({ train, test }) {
    for (const old of svg.querySelectorAll(".point")) old.remove();
    const place = groundOf(svg, xs, ys);
    for (const [part, name] of [[test, " held"], [train, ""]]) {
      part.classes.forEach((k, s) => {
        const point = sampleAt(place, part.points.slice(2 * s, 2 * s + 2), k, name);
        if (part === train) point.addEventListener("click", (event) => chosen(s, event));
        svg.append(point);
      });
    }
  }

  svg.addEventListener("click", (event) => {
    const { x, y } = placeIn(svg, event);
    const [u, v] = [(x - left) / width, 1 - (y - top) / height];
    const at = (numbers, part) => numbers[0] + part * (numbers.at(-1) - numbers[0]);
    if (u >= 0 && u <= 1 && v >= 0 && v <= 1) clicked(at(xs, u), at(ys, v));
  });

  function show({ net, sky }) {
    const k = net.at(-1).nout;
    const out = sky.at(-1).a;
    const fields = Array.from({ length: out.length / k }, (_, at) => fieldsOf(out, at * k, k));
    shade(fields.map((field) => answered(field, data.scale)));
    const edges = k <= 2 ? [1] : Array.from({ length: k }, (_, c) => c);
    edge.setAttribute("d", edges.map((c) => contour(ground, fields.map((field) => field[c]), xs.length)).join(""));
  }
  return { lay, show, shade, mark: (s) => svg.querySelectorAll(".point:not(.held)").forEach((point, k) => point.classList.toggle("chosen", k === s)) };
}

// Above 0 where the model answers the class, for each class; of one output as for two classes.
function fieldsOf(out, at, k) {
  if (k === 1) return [data.threshold - out[at], out[at] - data.threshold];
  return Array.from({ length: k }, (_, c) => {
    let top = -Infinity;
    for (let other = 0; other < k; other++) if (other !== c) top = Math.max(top, out[at + other]);
    return out[at + c] - top;
  });
}

// The share of samples whose class is answered, in percent.
function rightOf({ net, rooms }, { classes }, part) {
  const k = net.at(-1).nout;
  const right = classes.filter((of, s) => best(fieldsOf(rooms[part].at(-1).a, s * k, k)) === of).length;
  return Number(((100 * right) / classes.length).toPrecision(4));
}
