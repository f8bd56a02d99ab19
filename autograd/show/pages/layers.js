// A small layered layout (Sugiyama et al. 1981), from left to right: what is computed stands
// right of what it is computed from.
//
// boxes: [{inputs: [index, one an argument slot], width, height}], each after its inputs.
// Gives the boxes' places {x, y} (their centres), the arrows' points, and the whole's size.
const GAP_X = 92; // between columns, where the arrows' numbers stand
const GAP_Y = 16;
const LABEL = 16; // from number to number of one gap

function layOut(boxes) {
  const columns = columnsOf(boxes);
  const { layers, up, down } = withBends(boxes, columns);
  arrange(layers, up, down);
  const y = placed(layers, up, down);
  const widths = layers.map((layer) => Math.max(...layer.map(({ width }) => width)));
  const left = widths.map((_, k) => widths.slice(0, k).reduce((sum, w) => sum + w + GAP_X, 0));
  const places = boxes.map((box, i) => ({ x: left[columns[i]] + widths[columns[i]] / 2, y: y.get(box) }));
  const arrows = [];
  const gaps = layers.map(() => []); // by column, the numbers left of it
  boxes.forEach((box, i) => {
    box.inputs.forEach((input, slot) => {
      const bends = box.bends[slot];
      const tip = {
        x: places[i].x - box.width / 2,
        y: places[i].y + (slot - (box.inputs.length - 1) / 2) * spread(box),
      };
      const start = { x: places[input].x + boxes[input].width / 2, y: places[input].y };
      const points = [start];
      bends.forEach((bend, k) => {
        const column = columns[input] + 1 + k;
        points.push({ x: left[column], y: y.get(bend) }, { x: left[column] + widths[column], y: y.get(bend) });
      });
      points.push(tip);
      const [from, to] = points.slice(-2);
      const label = { x: from.x + (to.x - from.x) * 0.6, y: from.y + (to.y - from.y) * 0.65 };
      gaps[columns[i]].push(label);
      arrows.push({ head: i, tail: input, slot, points, label });
    });
  });
  for (const labels of gaps) apart(labels);
  const ends = places.map((place, i) => place.y + boxes[i].height / 2);
  const tops = places.map((place, i) => place.y - boxes[i].height / 2);
  const ys = [...arrows.flatMap(({ points, label }) => [...points, label].map((p) => p.y))];
  const top = Math.min(...tops, ...ys.map((at) => at - 8));
  const bottom = Math.max(...ends, ...ys.map((at) => at + 8));
  for (const point of [...places, ...arrows.flatMap(({ points, label }) => [...points, label])]) point.y -= top;
  return { places, arrows, width: left.at(-1) + widths.at(-1), height: bottom - top };
}

const spread = (box) => Math.min(18, (box.height - 10) / Math.max(1, box.inputs.length - 1));

// A leaf stands right before its first use, all else as far left as it can.
function columnsOf(boxes) {
  const columns = boxes.map(() => 0);
  boxes.forEach(({ inputs }, i) => {
    for (const input of inputs) columns[i] = Math.max(columns[i], columns[input] + 1);
  });
  const first = boxes.map(() => Infinity);
  boxes.forEach(({ inputs }, i) => {
    for (const input of inputs) first[input] = Math.min(first[input], columns[i]);
  });
  return columns.map((column, i) =>
    boxes[i].inputs.length === 0 && first[i] < Infinity ? first[i] - 1 : column,
  );
}

// An arrow over several columns gets a bend, of no size, in each between.
function withBends(boxes, columns) {
  const layers = Array.from({ length: Math.max(...columns) + 1 }, () => []);
  const [up, down] = [new Map(), new Map()]; // the neighbours to the left, to the right
  const join = (a, b) => {
    if (!down.has(a)) down.set(a, []);
    if (!up.has(b)) up.set(b, []);
    down.get(a).push(b);
    up.get(b).push(a);
  };
  for (const [i, box] of boxes.entries()) layers[columns[i]].push(box);
  for (const [i, box] of boxes.entries()) {
    box.bends = box.inputs.map((input) => {
      const bends = [];
      for (let column = columns[input] + 1; column < columns[i]; column++) {
        const bend = { width: 0, height: 10 };
        layers[column].push(bend);
        bends.push(bend);
      }
      const way = [boxes[input], ...bends, box];
      for (let k = 1; k < way.length; k++) join(way[k - 1], way[k]);
      return bends;
    });
  }
  return { layers, up, down };
}

// Fewer crossings: each layer by the mean place of its neighbours, to and fro.
function arrange(layers, up, down) {
  const rank = new Map();
  const number = (layer) => layer.forEach((box, k) => rank.set(box, k - layer.length / 2));
  layers.forEach(number);
  for (let sweep = 0; sweep < 12; sweep++) {
    const near = sweep % 2 ? up : down;
    for (const layer of sweep % 2 ? layers : layers.toReversed()) {
      const mean = new Map(layer.map((box) => [box, meanOf(near.get(box), rank) ?? rank.get(box)]));
      layer.sort((a, b) => mean.get(a) - mean.get(b));
      number(layer);
    }
    for (const layer of layers) {
      for (let k = 1; k < layer.length; k++) {
        const [a, b] = [layer[k - 1], layer[k]];
        if (crossings(a, b, up, down, rank) <= crossings(b, a, up, down, rank)) continue;
        [layer[k - 1], layer[k]] = [b, a];
        number(layer);
      }
    }
  }
}

// How many arrows of a cross those of b, where a stands above b.
function crossings(a, b, up, down, rank) {
  let count = 0;
  for (const near of [up, down]) {
    for (const p of near.get(a) ?? []) {
      for (const q of near.get(b) ?? []) count += rank.get(p) > rank.get(q);
    }
  }
  return count;
}

function meanOf(boxes, at) {
  if (boxes === undefined) return null;
  return boxes.reduce((sum, box) => sum + at.get(box), 0) / boxes.length;
}

// Heights: near the neighbours' mean, in the layer's order, none on another.
function placed(layers, up, down) {
  const y = new Map();
  for (const layer of layers) settle(layer, y, layer.map((_, k) => (k - layer.length / 2) * 70));
  for (let sweep = 0; sweep < 16; sweep++) {
    const near = sweep % 2 ? down : up;
    for (const layer of sweep % 2 ? layers.toReversed() : layers) {
      settle(layer, y, layer.map((box) => meanOf(near.get(box), y) ?? y.get(box)));
    }
  }
  return y;
}

// The nearest places to those wanted that keep the boxes apart: where they would touch they
// form a block, which stands at its members' mean (as isotonic regression does).
function settle(layer, y, wanted) {
  const blocks = [];
  let offset = 0;
  layer.forEach((box, k) => {
    if (k > 0) offset += (layer[k - 1].height + box.height) / 2 + GAP_Y;
    let block = { boxes: [[box, offset]], sum: wanted[k] - offset };
    const at = ({ sum, boxes }) => sum / boxes.length;
    while (blocks.length > 0 && at(blocks.at(-1)) > at(block)) {
      const before = blocks.pop();
      block = { boxes: [...before.boxes, ...block.boxes], sum: before.sum + block.sum };
    }
    blocks.push(block);
  });
  for (const { boxes, sum } of blocks) {
    for (const [box, offset] of boxes) y.set(box, sum / boxes.length + offset);
  }
}

// The numbers of one gap, none on another.
function apart(labels) {
  labels.sort((a, b) => a.y - b.y);
  for (let k = 1; k < labels.length; k++) {
    labels[k].y = Math.max(labels[k].y, labels[k - 1].y + LABEL);
  }
}
