// A multi-layer perceptron on arrays: all samples at once, forwards and back. The activations'
// values and derivatives are those of the table of primitives.
function makeNet(sizes, activations, biased) {
  return sizes.slice(1).map((nout, k) => ({
    nin: sizes[k],
    nout,
    activation: activations[k],
    biased: biased[k],
    w: new Float64Array(sizes[k] * nout), // by neuron
    b: new Float64Array(nout),
    dw: new Float64Array(sizes[k] * nout),
    db: new Float64Array(nout),
  }));
}

// The buffers that a pass over n samples fills: of each layer the sums z, the outputs a, and the
// derivatives of the loss in both.
function makeRoom(net, n) {
  return net.map(({ nout }) => {
    const fresh = () => new Float64Array(n * nout);
    return { z: fresh(), a: fresh(), da: fresh(), dz: fresh() };
  });
}

function activationOf(name) {
  if (name === null) return { value: (z) => z, slope: () => 1 };
  const more = data.defaults[name] ?? [];
  const { value, partials } = primitives[name];
  return { value: (z) => value(z, ...more), slope: (a, z) => partials[0](a, z, ...more) };
}

function forward(net, inputs, n, room) {
  let x = inputs;
  net.forEach((layer, k) => {
    const { nin, nout, w, b, activation } = layer;
    const { z, a } = room[k];
    const { value } = activationOf(activation);
    for (let s = 0; s < n; s++) {
      for (let j = 0; j < nout; j++) {
        let sum = b[j];
        for (let i = 0, p = j * nin, q = s * nin; i < nin; i++, p++, q++) sum += w[p] * x[q];
        z[s * nout + j] = sum;
        a[s * nout + j] = value(sum);
      }
    }
    x = a;
  });
  return x;
}

// From the derivatives of the loss in the outputs, room.at(-1).da, to all others.
function backwards(net, inputs, n, room) {
  for (let k = net.length - 1; k >= 0; k--) {
    const { nin, nout, w, dw, db, activation } = net[k];
    const { z, a, da, dz } = room[k];
    const x = k > 0 ? room[k - 1].a : inputs;
    const dx = k > 0 ? room[k - 1].da.fill(0) : null;
    const { slope } = activationOf(activation);
    dw.fill(0);
    db.fill(0);
    for (let s = 0; s < n; s++) {
      for (let j = 0; j < nout; j++) {
        const at = s * nout + j;
        const d = (dz[at] = da[at] * slope(a[at], z[at]));
        if (d === 0) continue;
        db[j] += d;
        for (let i = 0, p = j * nin, q = s * nin; i < nin; i++, p++, q++) {
          dw[p] += d * x[q];
          if (dx !== null) dx[q] += d * w[p];
        }
      }
    }
  }
}

// The operands of the loss's operation, data.operation, of one sample's outputs and target; the
// outputs are the last of them, or the only output a gives the first, with a slope.
const LOSSES = {
  mse_loss: { operands: ([a], y) => [a - y] },
  hinge_loss: { operands: ([a], y) => [1 - y * a], slope: (y) => -y },
  binary_cross_entropy: { operands: ([p], y) => [p, y] },
  binary_cross_entropy_with_logits: { operands: ([a], y) => [a, y] },
  cross_entropy: { operands: (logits, y) => [y, 0, ...logits], first: 2 },
};

// The mean loss of all samples, with the gradient in the net.
function gradient(net, inputs, targets, room, loss) {
  const { operands, slope = () => 1, first = 0 } = LOSSES[loss];
  const n = targets.length;
  const a = forward(net, inputs, n, room);
  const { nout } = net.at(-1);
  const { da } = room.at(-1);
  let total = 0;
  for (let s = 0; s < n; s++) {
    const [out, partials] = applied(data.operation, operands(a.subarray(s * nout, (s + 1) * nout), targets[s]));
    total += out;
    for (let j = 0; j < nout; j++) da[s * nout + j] = (partials[first + j] * slope(targets[s])) / n;
  }
  backwards(net, inputs, n, room);
  return total / n;
}

// A step down the gradient, and down that of the penalty l1 Σ|w| + l2/2 Σw² of the weights.
function descend(net, { rate, l1, l2, optimizer }, memory, t) {
  const moveOf = MOVES[optimizer];
  net.forEach(({ w, b, dw, db, biased }, k) => {
    const { w: ofWeights, b: ofBiases } = memory[k];
    for (let p = 0; p < w.length; p++) w[p] -= rate * moveOf(dw[p] + l1 * Math.sign(w[p]) + l2 * w[p], ofWeights, p, t);
    if (biased) for (let j = 0; j < b.length; j++) b[j] -= rate * moveOf(db[j], ofBiases, j, t);
  });
}

// The update that each optimizer makes of the gradient g of number p at step t, as nn.SGD, nn.SGD with
// momentum 0.9 and nn.Adam do.
const MOVES = {
  SGD: (g) => g,
  momentum: (g, { m }, p) => (m[p] = 0.9 * m[p] + g),
  Adam: (g, { m, v }, p, t) => {
    m[p] = 0.9 * m[p] + 0.1 * g;
    v[p] = 0.999 * v[p] + 0.001 * g * g;
    return m[p] / (1 - 0.9 ** t) / (Math.sqrt(v[p] / (1 - 0.999 ** t)) + 1e-8);
  },
};
const memoryOf = (net) => {
  const zeros = ({ length }) => ({ m: new Float64Array(length), v: new Float64Array(length) });
  return net.map(({ w, b }) => ({ w: zeros(w), b: zeros(b) }));
};

// Uniform within ±1/√nin, as nn.Layer draws them; the same for the same seed.
function initialise(net, seed) {
  const chances = uniforms(seed, net.reduce((sum, { w, b }) => sum + w.length + b.length, 0)).values();
  const within = (nin) => (2 * chances.next().value - 1) / Math.sqrt(nin);
  for (const { nin, w, b, biased } of net) {
    for (let p = 0; p < w.length; p++) w[p] = within(nin);
    for (let j = 0; j < b.length; j++) b[j] = biased ? within(nin) : 0;
  }
}
