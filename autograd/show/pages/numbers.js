// Numbers as Python's `format` writes them: rounded to even where two are equally near.

// The n significant digits of |x|, and the exponent of the first.
function digitsOf(x, n) {
  const [mantissa, exponent] = Math.abs(x).toExponential(n - 1).split("e");
  const digits = mantissa.replace(".", "");
  if (!Math.abs(x).toExponential(Math.min(100, n + 2)).split("e")[0].endsWith("500")) return [digits, Number(exponent)];
  const [long, from] = Math.abs(x).toExponential(100).split("e");
  const exact = long.replace(".", "");
  const even = Number(exact[n - 1]) % 2 === 0;
  if (/^50*$/.test(exact.slice(n)) && even) return [exact.slice(0, n), Number(from)];
  return [digits, Number(exponent)];
}

const exponential = (digits, exponent) => {
  const size = String(Math.abs(exponent)).padStart(2, "0");
  const rest = digits.slice(1);
  return `${digits[0]}${rest && "."}${rest}e${exponent < 0 ? "-" : "+"}${size}`;
};

const positional = (digits, exponent) => {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = digits.slice(exponent + 1);
  return rest ? `${whole}.${rest}` : whole;
};

function fixed(x, places) {
  if (x === 0) return (0).toFixed(places);
  if (!Number.isFinite(x)) return "inf"; // a large percentage
  const first = Number(Math.abs(x).toExponential(100).split("e")[1]); // not rounded up
  const n = first + 1 + places; // significant digits down to the last place
  if (n < 0) return (0).toFixed(places);
  if (n === 0) return Math.abs(x) > 0.5 * 10 ** -places ? positional("1", -places) : (0).toFixed(places);
  const [digits, exponent] = n <= 100 ? digitsOf(x, n) : [String(BigInt(Math.abs(x))), first];
  const text = positional(digits.padEnd(exponent + 1 + places, "0"), exponent);
  return places > 0 && !text.includes(".") ? `${text}.${"0".repeat(places)}` : text;
}

// The shortest digits that give x back, as `repr` has them.
function shortest(x) {
  const [mantissa, exponent] = Math.abs(x).toExponential().split("e");
  const [digits, e] = [mantissa.replace(".", ""), Number(exponent)];
  if (e < -4 || e >= 16) return exponential(digits, e);
  const text = positional(digits, e);
  return text.includes(".") ? text : `${text}.0`;
}

const SPEC = /^([+ ]?)(,?)(?:\.(\d{1,2}))?([efg%]?)$/;

// Write x as `format_number` does. Of a format with more than a sign, commas, a precision and one
// of e, f, g and %, nothing is known here: it is then written as by default.
function formatNumber(x, spec = ".4g") {
  x += 0; // -0 + 0 is 0
  if (!Number.isFinite(x)) return x !== x ? "nan" : x > 0 ? "inf" : "-inf";
  if (spec === ".4g") return short(x);
  const match = SPEC.exec(spec);
  if (match === null || (match[4] === "" && match[3] !== undefined)) return short(x);
  const [, plus, commas, precision, kind] = match;
  const places = Number(precision ?? 6);
  let text = shortest(x);
  if (kind === "e") text = x === 0 ? exponential("0".repeat(places + 1), 0) : exponential(...digitsOf(x, places + 1));
  if (kind === "f") text = fixed(x, places);
  if (kind === "%") text = `${fixed(100 * x, places)}%`;
  if (kind === "g") text = general(x, places || 1);
  if (commas && !text.includes("e")) text = text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
  return `${x < 0 ? "-" : plus}${text}`;
}

function general(x, digits) {
  if (x === 0) return "0";
  const [all, exponent] = digitsOf(x, digits);
  const kept = all.replace(/0+$/, "") || "0";
  return exponent < -4 || exponent >= digits ? exponential(kept, exponent) : positional(kept, exponent);
}

// With four digits, and never like an integer.
function short(x) {
  const text = general(x, 4);
  return `${x < 0 ? "-" : ""}${text}${/^\d+$/.test(text) ? ".0" : ""}`;
}

// inf and nan have names in JSON, which lacks them.
function numberOf(text) {
  const named = { inf: Infinity, "-inf": -Infinity, nan: NaN };
  return Object.hasOwn(named, text) ? named[text] : Number(text);
}

// A decimal number, a fraction, inf or nan; undefined if it is none of them.
function parseNumber(text) {
  const word = text.trim().toLowerCase().replaceAll("−", "-").replace("∞", "inf");
  if (word === "nan") return NaN;
  const number = String.raw`[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?`;
  const match = word.match(`^(${number}|[+-]?inf)(?:\\s*/\\s*(${number}))?$`);
  if (match === null) return undefined;
  const read = (part) => Number(part.replace(",", ".").replace("inf", "Infinity"));
  const [over, under] = [match[1], match[2] ?? "1"].map(read);
  return over / under;
}

// The width of an arrow, as in autograd/show/drawing/svg.py.
function thickness(amount, most) {
  return 0.8 + (3.4 * Math.abs(amount)) / most;
}

// Numbers at even distances within a range, some five of them.
function ticksOf([low, high]) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((each) => each >= rough * (1 - 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}
