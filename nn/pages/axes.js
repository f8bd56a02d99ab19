// Axes of a picture: scales from numbers to places, rules at round numbers, samples in a plane.

const LETTER = 11.6; // the width of a digit of the largest print in a wide font

// The scale of a quantity: from 0 where that is near.
function scaleOf(numbers, start, end, logarithmic = false) {
  const finite = numbers.filter(Number.isFinite);
  let [low, high] = [0, 1];
  if (finite.length > 0) [low, high] = [Math.min, Math.max].map((of) => finite.reduce((a, b) => of(a, b)));
  if (!logarithmic && low > 0 && low < 0.5 * high) low = 0;
  if (!logarithmic && high - low <= Math.max(1e-300, 1e-12 * Math.abs(high), 1e-12 * Math.abs(low))) {
    const around = Math.abs(high) / 2 || 0.5;
    [low, high] = [low - around, high + around];
  }
  return { low, high, start, end, logarithmic };
}

function placeOn({ low, high, start, end, logarithmic }, x) {
  const of = logarithmic ? Math.log10 : (y) => y;
  return start + ((of(x) - of(low)) / (of(high) - of(low))) * (end - start);
}

// Round numbers on a scale, some five of them; powers of ten on a logarithmic one.
function numbersOn({ low, high, logarithmic }) {
  if (!logarithmic) return ticksOf([low, high]);
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const count = Math.floor(Math.log10(high)) + 1 - first;
  const every = Math.max(1, Math.ceil(count / 5));
  return Array.from({ length: Math.ceil(count / every) }, (_, k) => 10 ** (first + k * every));
}

// Numbers as texts, with as many digits as they need to differ.
function textsOf(numbers, percent = false) {
  for (let digits = 4; ; digits++) {
    const texts = numbers.map((x) => (percent ? `${formatNumber(100 * x, `.${digits}g`)} %` : formatNumber(x, `.${digits}g`)));
    if (digits === 17 || new Set(texts).size === texts.length) return texts;
  }
}

const across = (scale, bottom, texts = null) => numbersOn(scale).map((x, k, all) =>
  shape("text", { class: "x", x: placeOn(scale, x), y: bottom }, (texts ?? textsOf(all))[k]));
const up = (scale, left, texts) => numbersOn(scale).map((x, k) =>
  shape("text", { class: "y", x: left - 8, y: placeOn(scale, x), dy: ".35em" }, texts[k]));

// The ground of a plane in its picture, and its two scales.
function groundOf(svg, xs, ys) {
  const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(svg.querySelector(".ground").getAttribute(name)));
  const scale = (numbers, start, end) => ({ low: numbers[0], high: numbers.at(-1), start, end, logarithmic: false });
  return { left, bottom: top + height, x: scale(xs, left, left + width), y: scale(ys, top + height, top) };
}

function drawAxes(svg, xs, ys) {
  const { left, bottom, x, y } = groundOf(svg, xs, ys);
  const ticks = numbersOn(y);
  const half = Math.floor(ticks.length / 2);
  const between = placeOn(y, (ticks[half - 1] + ticks[half]) / 2); // so that it touches no number
  svg.append(
    ...across(x, bottom + 20), ...up(y, left, textsOf(ticks)),
    shape("text", { class: "x", x: (x.start + x.end) / 2, y: bottom + 40 }, "x₁"),
    shape("text", { class: "y", x: 20, y: between, dy: ".35em" }, "x₂"),
  );
}

// A sample in a plane, with the mark of its class.
const markOf = (k) => document.querySelectorAll(".legend .point")[k % 5].getAttribute("d");
function sampleAt({ x, y }, at, k, more = "") {
  const [left, top] = [placeOn(x, at[0]), placeOn(y, at[1])].map((each) => each.toFixed(1));
  return shape("path", { class: `point k${k % 5}${more}`, d: markOf(k), transform: `translate(${left} ${top})` });
}
