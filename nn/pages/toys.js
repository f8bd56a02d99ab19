// Toy data, an order of samples, and where a surface crosses 0: the functions, and the numbers,
// of toys.py and contours.py, which say what each of them does.

const [FACTOR, MODULUS] = [48271, 2147483647];
const PART = 0.8;
const TURN = 2 * Math.PI;

function uniforms(seed, count) {
  let state = seed * 65537;
  const numbers = [];
  while (numbers.length < count) {
    state = mod(FACTOR * state, MODULUS);
    numbers.push(state / MODULUS);
  }
  return numbers;
}

function toy(name, count, noise, seed, sides) {
  let left, right, bottom, top, side, at, u, v, far, angle, x, y, radius, sign;
  [left, right, bottom, top] = sides;
  const chances = uniforms(seed, 4 * count);
  const points = [];
  for (const k of range(count)) {
    [u, v] = [chances[4 * k], chances[(4 * k) + 1]];
    side = mod(k, 2);
    if (name === "circles") {
      [radius, angle] = [side ? (0.7 + (0.25 * u)) : (0.45 * math.sqrt(u)), TURN * v];
      [x, y] = [radius * math.cos(angle), radius * math.sin(angle)];
    } else {
      if (name === "moons") {
        sign = 1 - (2 * side);
        [x, y] = [(0.65 * sign) * (math.cos((TURN / 2) * u) - 0.5), sign * (math.sin((TURN / 2) * u) - 0.25)];
      } else {
        if (name === "spiral") {
          [radius, angle] = [0.1 + (0.85 * u), ((0.75 * TURN) * u) + ((TURN / 2) * side)];
          [x, y] = [radius * math.cos(angle), radius * math.sin(angle)];
        } else {
          [x, y] = [(2 * u) - 1, (2 * v) - 1];
          side = (x * y) > 0 ? 1 : 0;
        }
      }
    }
    [far, angle] = [noise * math.sqrt((-2) * math.log(chances[(4 * k) + 2])), TURN * chances[(4 * k) + 3]];
    [x, y] = [x + (far * math.cos(angle)), y + (far * math.sin(angle))];
    at = ((left + right) + ((PART * (right - left)) * x)) / 2;
    points.push([at, ((bottom + top) + ((PART * (top - bottom)) * y)) / 2, side]);
  }
  return points;
}

function shuffled(count, seed) {
  const chances = uniforms(seed, count);
  return sorted(range(count), (k) => chances[k]);
}
