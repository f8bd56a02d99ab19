// One training by its settings: a net, its samples, and what has come of it so far.
const TOY_SAMPLES = 200;
const [xs, ys] = [data.xs, data.ys];
const grid = Float64Array.from(ys.flatMap((y) => xs.flatMap((x) => [x, y])));
const given = data.targets.map((target, s) => [data.inputs[2 * s], data.inputs[2 * s + 1], data.classes[s], target]);
const painted = [];

// Trainings that go wrong: settings of their own, a start of their own, and words.
const each = (numbers, change) => numbers.forEach((x, p) => (numbers[p] = change(x)));
const EXHIBITS = {
  "forgotten zero_grad": {
    forgets: true,
    told: "No step clears the gradients, so each is added to those before, as += does. The steps grow, overshoot and swing.",
  },
  "dead relu": {
    settings: { activation: "relu" },
    spoil: (net) => net.slice(0, -1).forEach(({ b }) => b.fill(-20)),
    told: "Every hidden bias is -20, so every z is below 0, where relu is flat. No gradient passes: only the last bias learns.",
  },
  "saturated tanh": {
    settings: { activation: "tanh" },
    spoil: (net) => net.slice(0, -1).forEach(({ w }) => each(w, (x) => 30 * x)),
    told: "Hidden weights are 30 times as large, so tanh is nearly ±1 and flat for most samples. Little gradient passes to the first layer.",
  },
  "exploding rate": {
    settings: { activation: "leaky_relu", rate: 100 },
    told: "The learning rate is 100. Each step jumps over the valley, to where the gradient is larger still.",
  },
};

// Both coordinates of each point, and those products of them that are switched on.
function lifted(points, { squares, product }) {
  if (!squares && !product) return points;
  const rows = Array.from({ length: points.length / 2 }, (_, s) => {
    const [x, y] = [points[2 * s], points[2 * s + 1]];
    return [x, y, ...(squares ? [x * x, y * y] : []), ...(product ? [x * y] : [])];
  });
  return Float64Array.from(rows.flat());
}

// The names of the inputs, with the products that are switched on.
const inputNames = ({ squares, product }) => ["x₁", "x₂", ...(squares ? ["x₁²", "x₂²"] : []), ...(product ? ["x₁x₂"] : [])];

// The samples of a data set, as [x₁, x₂, class, target]; some are kept for testing.
function samplesOf(settings) {
  const { set, noise, test } = settings;
  const sides = [xs[0], xs.at(-1), ys[0], ys.at(-1)];
  const rows = { given, painted }[set] ?? toy(set, TOY_SAMPLES, noise, 1, sides).map((row) => [...row, data.pair[row[2]]]);
  const held = new Set(shuffled(rows.length, 2).slice(0, Math.round((rows.length * test) / 100)));
  const part = (of) => {
    const own = rows.filter((_, s) => held.has(s) === of);
    const points = Float64Array.from(own.flatMap(([x, y]) => [x, y]));
    return { points, inputs: lifted(points, settings), classes: own.map((row) => row[2]), targets: own.map((row) => row[3]) };
  };
  return { train: part(false), test: part(true) };
}

function makeRun(settings) {
  const { forgets, spoil } = EXHIBITS[settings.exhibit] ?? {};
  const sizes = [2 + 2 * settings.squares + settings.product, ...settings.layers, data.sizes.at(-1)];
  const hidden = settings.layers.map((_, k) =>
    settings.activation === data.activation ? (data.activations[k] ?? data.activation) : settings.activation,
  );
  const same = String(sizes) === String(data.sizes);
  const net = makeNet(sizes, [...hidden, data.activations.at(-1)], same ? data.biased : sizes.slice(1).map(() => true));
  if (same) net.forEach((layer, k) => [layer.w.set(data.w[k]), layer.b.set(data.b[k])]);
  else initialise(net, 1);
  spoil?.(net);
  const samples = samplesOf(settings);
  const n = samples.train.targets.length;
  const rooms = { train: makeRoom(net, n), test: makeRoom(net, samples.test.targets.length) };
  const former = net.map(({ w, b }) => ({ dw: new Float64Array(w.length), db: new Float64Array(b.length) }));
  const memory = memoryOf(net);
  // Every stride steps: the loss, that of the test, and the norm of each layer's gradient.
  const run = { settings, net, ...samples, rooms, ground: lifted(grid, settings), sky: makeRoom(net, grid.length / 2), seen: [], stride: 1, count: 0 };

  // The loss, with its gradient in the net; NaN where its operation refuses the outputs.
  run.measured = (part = "train") => lossOf(samples[part], rooms[part]);
  function lossOf({ inputs, targets }, room) {
    try {
      return gradient(net, inputs, targets, room, data.loss);
    } catch (error) {
      if (!(error instanceof PythonError)) throw error;
      return NaN;
    }
  }

  // The samples of the next step, in an order of its own for each epoch.
  let order = [-1];
  function batch() {
    const { inputs, targets } = samples.train;
    const size = settings.batch;
    if (size === 0 || size >= n) return [samples.train, rooms.train];
    const many = Math.ceil(n / size);
    const [epoch, at] = [Math.floor(run.count / many), run.count % many];
    if (order[0] !== epoch) order = [epoch, ...shuffled(n, 3 + epoch)];
    const few = order.slice(1 + at * size, 1 + (at + 1) * size);
    const [{ nin }] = net;
    const rows = Float64Array.from(few.flatMap((s) => [...inputs.subarray(s * nin, (s + 1) * nin)]));
    return [{ inputs: rows, targets: few.map((s) => targets[s]) }, makeRoom(net, few.length)];
  }

  // Gives what went wrong, or nothing.
  run.step = () => {
    if (n === 0) return "There are no samples to train on: click into the plane.";
    const noted = run.count % run.stride === 0;
    const test = noted && samples.test.targets.length > 0 ? run.measured("test") : NaN;
    const loss = lossOf(...batch());
    const most = 1000 * Math.max(1, run.seen[0]?.loss ?? loss);
    if (!(loss <= most)) return `The loss has exploded, to ${formatNumber(loss)}: reset, with a lower learning rate.`;
    if (forgets) {
      net.forEach((layer, k) => {
        for (const name of ["dw", "db"]) {
          former[k][name] = layer[name].map((x, p) => x + former[k][name][p]);
          layer[name].set(former[k][name]);
        }
      });
    }
    if (noted) run.seen.push({ step: run.count, loss, test, norms: norms(net) });
    if (run.seen.length > 2000) [run.seen, run.stride] = [run.seen.filter((_, at) => at % 2 === 0), 2 * run.stride];
    run.count++;
    descend(net, settings, memory, run.count);
    return "";
  };
  return run;
}

const norms = (net) => net.map(({ dw, db }) => Math.sqrt([...dw, ...db].reduce((sum, x) => sum + x * x, 0)));
