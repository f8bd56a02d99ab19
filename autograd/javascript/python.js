// The functions of Python that the table's rules call, so that they give the same bits here: + - * /
// and sqrt are exact alike; exp, sin and the like are the browser's, 1 ulp or so from C's.

class PythonError extends Error {
  constructor(type, message = "") {
    super(message);
    this.type = type;
  }
}

const inf = Infinity;
const nan = NaN;
const bits = new DataView(new ArrayBuffer(8));

// ------------------------------------------------------------ operators and builtins

function divide(x, y) {
  if (y === 0) throw new PythonError("ZeroDivisionError");
  return x / y;
}

function power(x, p) {
  if (p === 0 || x === 1) return 1;
  if (x === -1 && Math.abs(p) === inf) return 1;
  if (x === 0 && p < 0 && p > -inf) throw new PythonError("ZeroDivisionError");
  if (x < 0 && x > -inf && Number.isFinite(p) && !Number.isInteger(p)) {
    finite((-x) ** p, x, p);
    throw new PythonError("ValueError"); // a complex number
  }
  return finite(x ** p, x, p);
}

function mod(x, y) {
  if (y === 0) throw new PythonError("ZeroDivisionError");
  const rest = x % y;
  if (rest === 0) return copysign(0, y);
  return y < 0 === rest < 0 ? rest : rest + y;
}

function floordiv(x, y) {
  if (y === 0) throw new PythonError("ZeroDivisionError");
  const rest = x % y;
  const quotient = (x - rest) / y - (rest !== 0 && y < 0 !== rest < 0 ? 1 : 0);
  if (quotient === 0) return copysign(0, x / y);
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

const listed = (xs) => (xs.length === 1 && Array.isArray(xs[0]) ? xs[0] : xs);
const max = (...xs) => listed(xs).reduce((best, x) => (x > best ? x : best));
const min = (...xs) => listed(xs).reduce((best, x) => (x < best ? x : best));
const range = (a, b) => Array.from({ length: Math.max(0, b === undefined ? a : b - a) }, (_, i) => (b === undefined ? i : a + i));
const sum = (xs) => xs.reduce((total, x) => total + x, 0);
const before = (x, y) => {
  if (!Array.isArray(x)) return x - y;
  const k = x.findIndex((each, i) => i === y.length || each !== y[i]);
  return k < 0 ? x.length - y.length : k === y.length ? 1 : x[k] - y[k];
};
const sorted = (xs, key = (x) => x) => {
  const pairs = xs.map((x) => [key(x), x]);
  return pairs.sort(([a], [b]) => before(a, b)).map(([, x]) => x);
};
const int = Math.trunc;
const abs = Math.abs;

// ------------------------------------------------------------ numbers

// A result that overflowed is an error.
function finite(result, ...xs) {
  if (Math.abs(result) === inf && xs.every(Number.isFinite)) throw new PythonError("OverflowError");
  return result;
}

// A function that raises ValueError outside its domain and at its poles, and OverflowError.
const checked = (f, pole = () => false) => (x) => {
  const result = f(x);
  if ((result !== result && x === x) || pole(x)) throw new PythonError("ValueError");
  return finite(result, x);
};

const copysign = (size, sign) => {
  const negative = sign < 0 || Object.is(sign, -0);
  return negative ? -Math.abs(size) : Math.abs(size);
};

// x = mantissa * 2**exponent, with 0.5 <= |mantissa| < 1.
function frexp(x) {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  if (Math.abs(x) < 2 ** -1022) {
    const [mantissa, exponent] = frexp(x * 2 ** 54);
    return [mantissa, exponent - 54];
  }
  bits.setFloat64(0, x);
  const exponent = ((bits.getUint16(0) >> 4) & 0x7ff) - 1022;
  bits.setUint16(0, (bits.getUint16(0) & 0x800f) | 0x3fe0);
  return [bits.getFloat64(0), exponent];
}

// The float beside x in the direction of another.
function nextafter(x, toward) {
  if (x === toward || x !== x) return toward;
  if (x === 0) return copysign(5e-324, toward);
  bits.setFloat64(0, x);
  bits.setBigInt64(0, bits.getBigInt64(0) + (toward > x === x > 0 ? 1n : -1n));
  return bits.getFloat64(0);
}

// The sum, rounded once (Shewchuk 1997).
function fsum(xs) {
  const special = xs.filter((x) => !Number.isFinite(x));
  if (special.length > 0) {
    if (special.includes(inf) && special.includes(-inf)) throw new PythonError("ValueError");
    return special.reduce((a, b) => a + b);
  }
  const parts = []; // no two overlap, and they grow
  for (let x of xs) {
    let kept = 0;
    for (let y of parts) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = finite(x + y, x, y);
      const low = y - (high - x);
      if (low !== 0) parts[kept++] = low;
      x = high;
    }
    parts.length = kept;
    if (x !== 0) parts.push(x);
  }
  let n = parts.length;
  if (n === 0) return 0;
  let high = parts[--n];
  let low = 0;
  while (n > 0 && low === 0) {
    const [x, y] = [high, parts[--n]];
    high = x + y;
    low = y - (high - x);
  }
  if (n > 0 && low < 0 === parts[n - 1] < 0) {
    // a tie is broken by what lies below it
    const moved = high + 2 * low;
    if (2 * low === moved - high) high = moved;
  }
  return high;
}

// The length of a vector: the sum of its squares in two parts each, and a step of Newton's.
function hypot(...xs) {
  if (xs.some((x) => Math.abs(x) === inf)) return inf;
  if (xs.some((x) => x !== x)) return nan;
  const longest = max(0, ...xs.map(Math.abs));
  if (longest === 0) return 0;
  const exponent = frexp(longest)[1];
  const half = [2 ** -Math.trunc(exponent / 2), 2 ** -(exponent - Math.trunc(exponent / 2))];
  const parts = xs.flatMap((x) => squared(x * half[0] * half[1]));
  const length = Math.sqrt(fsum(parts));
  const rest = fsum([...parts, ...squared(length).map((part) => -part)]);
  return (length + rest / (2 * length)) / half[0] / half[1];
}

// x² as a sum of two floats (Veltkamp, Dekker 1971).
function squared(x) {
  const t = 134217729 * x;
  const high = t - (t - x);
  const low = x - high;
  return [x * x, high * high - x * x + 2 * high * low + low * low];
}

// ------------------------------------------------------------ the error function

// Computed by the rational approximations of fdlibm (Sun Microsystems 1993), as most C libraries.
const polynomial = (coefficients, x) => coefficients.reduceRight((sum, c) => sum * x + c, 0);
const NEAR = [
  [1.28379167095512558561e-1, -3.25042107247001499370e-1, -2.84817495755985104766e-2,
    -5.77027029648944159157e-3, -2.37630166566501626084e-5],
  [1, 3.97917223959155352819e-1, 6.50222499887672944485e-2, 5.08130628187576562776e-3,
    1.32494738004321644526e-4, -3.96022827877536812320e-6],
];
const MIDDLE = [
  [-2.36211856075265944077e-3, 4.14856118683748331666e-1, -3.72207876035701323847e-1,
    3.18346619901161753674e-1, -1.10894694282396677476e-1, 3.54783043256182359371e-2,
    -2.16637559486879084300e-3],
  [1, 1.06420880400844228286e-1, 5.40397917702171048937e-1, 7.18286544141962662868e-2,
    1.26171219808761642112e-1, 1.36370839120290507362e-2, 1.19844998467991074170e-2],
];
const FAR = [
  [-9.86494403484714822705e-3, -6.93858572707181764372e-1, -1.05586262253232909814e1,
    -6.23753324503260060396e1, -1.62396669462573470355e2, -1.84605092906711035994e2,
    -8.12874355063065934246e1, -9.81432934416914548592],
  [1, 1.96512716674392571292e1, 1.37657754143519042600e2, 4.34565877475229228821e2,
    6.45387271733267880336e2, 4.29008140027567833386e2, 1.08635005541779435134e2,
    6.57024977031928170135, -6.04244152148580987438e-2],
];
const FARTHEST = [
  [-9.86494292470009928597e-3, -7.99283237680523006574e-1, -1.77579549177547519889e1,
    -1.60636384855821916062e2, -6.37566443368389627722e2, -1.02509513161107724954e3,
    -4.83519191608651397019e2],
  [1, 3.03380607434824582924e1, 3.25792512996573918826e2, 1.53672958608443695994e3,
    3.19985821950859553908e3, 2.55305040643316442583e3, 4.74528541206955367215e2,
    -2.24409524465858183362e1],
];
const AT_ONE = 8.45062911510467529297e-1; // erf(1), rounded
const ratio = ([above, below], x) => polynomial(above, x) / polynomial(below, x);

// erfc(x) for x >= 1.25: exp(-x²) in two factors, of which the first is exact.
function tail(x) {
  const s = 1 / (x * x);
  const fraction = ratio(x < 1 / 0.35 ? FAR : FARTHEST, s);
  bits.setFloat64(0, x);
  bits.setUint32(4, 0);
  const z = bits.getFloat64(0);
  return (Math.exp(-z * z - 0.5625) * Math.exp((z - x) * (z + x) + fraction)) / x;
}

function erf(x) {
  const size = Math.abs(x);
  if (x !== x) return nan;
  if (size < 2 ** -28) {
    return size < 2 ** -1000 ? 0.125 * (8 * x + 1.02703333676410069053 * x) : x + 1.28379167095512586316e-1 * x;
  }
  if (size < 0.84375) return x + x * ratio(NEAR, x * x);
  if (size < 1.25) return copysign(AT_ONE + ratio(MIDDLE, size - 1), x);
  return copysign(size < 6 ? 1 - tail(size) : 1, x);
}

function erfc(x) {
  const size = Math.abs(x);
  if (x !== x) return nan;
  if (size < 0.84375) {
    if (size < 2 ** -56) return 1 - x;
    const y = ratio(NEAR, x * x);
    return x < 0.25 ? 1 - (x + x * y) : 0.5 - (x - 0.5 + x * y);
  }
  if (size < 1.25) {
    const y = ratio(MIDDLE, size - 1);
    return x > 0 ? 1 - AT_ONE - y : 1 + (AT_ONE + y);
  }
  if (x > 0) return x < 28 ? tail(x) : 0;
  return x > -6 ? 2 - tail(size) : 2;
}

const math = {
  copysign,
  frexp,
  fsum,
  hypot,
  erf,
  erfc,
  nextafter,
  fabs: abs,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: int,
  isfinite: Number.isFinite,
  isinf: (x) => Math.abs(x) === inf,
  isnan: Number.isNaN,
  exp: checked(Math.exp),
  exp2: checked((x) => 2 ** x),
  expm1: checked(Math.expm1),
  log: checked(Math.log, (x) => x === 0),
  log2: checked(Math.log2, (x) => x === 0),
  log10: checked(Math.log10, (x) => x === 0),
  log1p: checked(Math.log1p, (x) => x === -1),
  sqrt: checked(Math.sqrt),
  cbrt: Math.cbrt,
  sin: checked(Math.sin),
  cos: checked(Math.cos),
  tan: checked(Math.tan),
  asin: checked(Math.asin),
  acos: checked(Math.acos),
  atan: Math.atan,
  atan2: Math.atan2,
  sinh: checked(Math.sinh),
  cosh: checked(Math.cosh),
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: checked(Math.acosh),
  atanh: checked(Math.atanh, (x) => Math.abs(x) === 1),
};

// ------------------------------------------------------------ operations of many operands

function dot(bias, ...xs) {
  const half = xs.length / 2;
  const products = [bias, ...xs.slice(0, half).map((x, i) => x * xs[half + i])];
  try {
    return math.fsum(products);
  } catch (error) {
    if (error.type !== "ValueError") throw error;
    if ([bias, ...xs].every(Number.isFinite)) throw new PythonError("OverflowError");
    return nan;
  }
}

function take(index, ...xs) {
  if (!(-xs.length <= index && index < xs.length)) throw new PythonError("IndexError");
  return xs.at(int(index));
}

function extremum(best, xs) {
  if (xs.length === 0) throw new PythonError("ValueError", "of no operands");
  return xs.some(Number.isNaN) ? nan : best(xs);
}
