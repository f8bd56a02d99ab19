// A curve with the tangent at a point, and a nudge along both: the gap between them is the error.
// The least and the largest of the numbers that are finite.
function spanOf(numbers) {
  const finite = numbers.filter(Number.isFinite);
  return finite.length > 0 ? [Math.min(...finite), Math.max(...finite)] : [0, 0];
}

// The points of f at equal distances.
function sampled(f, [from, to], count) {
  return Array.from({ length: count + 1 }, (_, k) => from + ((to - from) * k) / count).map((x) => [x, f(x)]);
}

// The shapes of a curve in a frame of `size` px that shows `range` across and `span` upwards: its
// points, the tangent at (x, y), and where a nudge h leads on the curve and on the tangent.
function tangentShapes({ points, range: [from, to], span: [low, high], size: [width, height], x, y, slope, h, moved }) {
  const across = (at) => (width * (at - from)) / (to - from) || 0; // of nan too
  const up = (at) => Math.max(-1e5, Math.min(1e5, height * (1 - (at - low) / (high - low)))) || 0;
  const tangent = (at) => y + slope * (at - x);
  const finite = (k) => Number.isFinite(points[k]?.[1]);
  const path = points.map(([at, f], k) => (finite(k) ? `${finite(k - 1) ? "L" : "M"}${across(at).toFixed(1)} ${up(f).toFixed(1)}` : ""));
  const line = (kind, [x1, y1], [x2, y2]) => shape("line", { class: kind, x1: across(x1), y1: up(y1), x2: across(x2), y2: up(y2) });
  const spot = (kind, at, f, r = 4.5) => shape("circle", { class: kind, cx: across(at), cy: up(f), r });
  const shapes = [shape("path", { class: "curve", d: path.join("") })];
  if (Number.isFinite(slope)) shapes.push(line("tangent", [from, tangent(from)], [to, tangent(to)]));
  if (h !== 0 && Number.isFinite(moved + slope)) {
    shapes.push(line("gap", [x + h, moved], [x + h, tangent(x + h)]), spot("said", x + h, tangent(x + h)), spot("moved", x + h, moved));
  }
  return [...shapes, spot("point", x, y, 6)];
}
