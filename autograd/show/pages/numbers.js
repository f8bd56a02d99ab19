// As Python's format_number writes it: four digits, and never like an integer.
function formatNumber(x, digits = 4) {
  if (!Number.isFinite(x)) return x !== x ? "nan" : x > 0 ? "inf" : "-inf";
  if (x === 0) return Object.is(x, -0) ? "-0.0" : "0.0";
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  const strip = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  const e = Number(exponent);
  if (e < -4 || e >= digits) {
    return `${strip(mantissa)}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;
  }
  const text = strip(x.toFixed(digits - 1 - e));
  return text.includes(".") ? text : `${text}.0`;
}

// A number as Python writes it: inf and nan have names there that JSON lacks.
function numberOf(text) {
  const named = { inf: Infinity, "-inf": -Infinity, nan: NaN };
  return Object.hasOwn(named, text) ? named[text] : Number(text);
}
