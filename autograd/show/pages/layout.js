// A layered layout, as autograd/show/drawing/layered.py makes it for pictures, for graphs that
// are drawn in the page: rank, rows, order, place, route. A box has {width, height, tag}, an
// arrow {tail, head, wide, high} with the size of its number; both get their places.
const [CURVE, LEVEL, BETWEEN, BENDS, LANE] = [22, 10, 12, 5, 24]; // px of gaps, boxes, bends, rows
const SWEEPS = 20;
const total = (numbers) => numbers.reduce((added, x) => added + x, 0);

// Places boxes and arrows, and returns width, height, and the names where arrows begin in
// another row.
function layOut(boxes, arrows, length) {
  const items = boxes.map((box) => Object.assign(box, { rank: 0, row: 0, before: [], after: [], ends: [], starts: [] }));
  for (const arrow of arrows) {
    boxes[arrow.tail].starts.push(arrow);
    boxes[arrow.head].ends.push(arrow);
  }
  setRanks(boxes, arrows);
  setRows(boxes, length);
  const names = boxes.flatMap((box) => namesOf(box, boxes));
  items.push(...names);
  for (const arrow of arrows) items.push(...bendsOf(arrow, boxes[arrow.head]));
  let [wide, high] = [0, -LANE];
  for (let row = 0; items.some((item) => item.row === row); row++) {
    const layers = [];
    for (const item of items.filter((each) => each.row === row)) (layers[item.rank] ??= []).push(item);
    const [right, bottom] = placeRow(layers.filter(Boolean), high + LANE);
    wide = Math.max(wide, right);
    high = bottom;
  }
  return { width: wide, height: high, names };
}

// The longest path from the leaves; a leaf stands right before its first use.
function setRanks(boxes, arrows) {
  for (const box of boxes) box.rank = Math.max(0, ...box.ends.map(({ tail }) => boxes[tail].rank + 1));
  for (const box of boxes) {
    if (box.ends.length === 0 && box.starts.length > 0) box.rank = Math.min(...box.starts.map(({ head }) => boxes[head].rank)) - 1;
  }
}

// A row ends where the page does; a leaf stands in the row of its first use.
function setRows(boxes, length) {
  const [long, numbers] = [[], []];
  for (const { rank, width, ends } of boxes) {
    long[rank] = Math.max(long[rank] ?? 0, width);
    numbers[rank] = Math.max(numbers[rank] ?? 0, ...ends.map(({ wide }) => wide));
  }
  const rows = [];
  let [row, used] = [0, 0];
  long.forEach((width, rank) => {
    const more = CURVE + LEVEL + width + numbers[rank];
    if (used > 0 && used + more > length) [row, used] = [row + 1, 100]; // with names before it
    used += more;
    rows[rank] = row;
  });
  for (const box of boxes) box.row = rows[box.rank];
  for (const box of boxes) {
    if (box.ends.length === 0 && box.starts.length > 0) box.row = Math.min(...box.starts.map(({ head }) => boxes[head].row));
  }
}

// Names of a box, at which its arrows into other rows begin, one a row.
function namesOf(box, boxes) {
  const byRow = {};
  for (const arrow of box.starts) {
    const head = boxes[arrow.head];
    arrow.from = box;
    if (head.row === box.row) continue;
    const name = (byRow[head.row] ??= { of: box, rank: head.rank - 1, row: head.row, width: box.tag, height: 18, before: [], after: [], ends: [] });
    name.rank = Math.min(name.rank, head.rank - 1);
    arrow.from = name;
  }
  return Object.values(byRow);
}

// The bends of an arrow, one in each rank that it passes.
function bendsOf(arrow, head) {
  arrow.way = [arrow.from];
  for (let rank = arrow.from.rank + 1; rank < head.rank; rank++) {
    arrow.way.push({ rank, row: head.row, width: 0, height: 6, before: [], after: [], ends: [] });
  }
  arrow.way.push(head);
  arrow.way.slice(1).forEach((item, k) => {
    item.before.push(arrow.way[k]);
    arrow.way[k].after.push(item);
  });
  return arrow.way.slice(1, -1);
}

const mean = (near, key, item) => (near.length > 0 ? total(near.map((x) => x[key])) / near.length : item[key]);
const countOff = (layer) => layer.forEach((item, k) => (item.at = k - layer.length / 2));
const apart = (a, b) => (a.height + b.height) / 2 + (a.width + b.width === 0 ? BENDS : BETWEEN);

// Sorts and places what stands in a row below `top`; returns its right end and its lower one.
function placeRow(layers, top) {
  layers.forEach(countOff);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const forth = sweep % 2 === 0;
    for (const layer of forth ? layers : layers.toReversed()) {
      const keys = new Map(layer.map((item) => [item, mean(forth ? item.before : item.after, "at", item)]));
      layer.sort((a, b) => keys.get(a) - keys.get(b));
      countOff(layer);
    }
  }
  for (const layer of layers) settle(layer, layer.map(() => 0));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const [both, forth] = [sweep >= SWEEPS - 6, sweep % 2 === 0];
    for (const layer of forth ? layers : layers.toReversed()) {
      settle(layer, layer.map((item) => mean([...(both || forth ? item.before : []), ...(both || !forth ? item.after : [])], "y", item)));
    }
  }
  return route(layers, top);
}

// The nearest places to those wanted that keep items apart: isotonic regression.
function settle(layer, wanted) {
  const offsets = [];
  const blocks = [];
  layer.forEach((item, k) => {
    offsets.push(k > 0 ? offsets[k - 1] + apart(layer[k - 1], item) : 0);
    let block = { first: k, total: wanted[k] - offsets[k], size: 1 };
    while (blocks.length > 0 && blocks.at(-1).total / blocks.at(-1).size > block.total / block.size) {
      const { first, total, size } = blocks.pop();
      block = { first, total: total + block.total, size: size + block.size };
    }
    blocks.push(block);
  });
  for (const { first, total, size } of blocks) {
    for (let k = first; k < first + size; k++) layer[k].y = total / size + offsets[k];
  }
}

function route(layers, top) {
  const column = {}; // by rank, where curves end and where they begin
  let right = 0;
  layers.forEach((layer, k) => {
    const room = Math.max(0, ...layer.flatMap(({ ends }) => ends.map(({ wide }) => wide)));
    const left = k === 0 ? 0 : right + CURVE + LEVEL + room;
    right = left + Math.max(...layer.map(({ width }) => width));
    column[layer[0].rank] = [left - LEVEL - room, right];
    for (const item of layer) item.x = item.before.length === 0 && item.after.length > 0 ? right - item.width / 2 : item.after.length === 0 ? left + item.width / 2 : (left + right) / 2;
  });
  const items = layers.flat();
  const above = Math.min(...items.map(({ y, height }) => y - height / 2));
  for (const item of items) item.y += top - above;
  for (const head of items) {
    const ends = head.ends.toSorted((a, b) => a.way.at(-2).y - b.way.at(-2).y);
    const scale = Math.min(1, (head.height + 6) / Math.max(1, total(ends.map(({ high }) => high))));
    let port = head.y - (scale * total(ends.map(({ high }) => high))) / 2;
    for (const arrow of ends) {
      drawLine(arrow, port + (scale * arrow.high) / 2, column);
      port += scale * arrow.high;
    }
  }
  return [right, Math.max(...items.map(({ y, height }) => y + height / 2))];
}

// Straight within ranks, curved between them; the last piece is as long as the arrow's number.
function drawLine(arrow, port, column) {
  const { way, wide } = arrow;
  const [tail, head] = [way[0], way.at(-1)];
  const line = [[tail.x + tail.width / 2, tail.y]];
  way.slice(1).forEach((item, k) => {
    line.push([column[way[k].rank][1], line.at(-1)[1]], [column[item.rank][0], item === head ? port : item.y]);
  });
  const tip = head.x - head.width / 2;
  arrow.number = [Math.max(tip - LEVEL + 2 - wide / 2, line.at(-1)[0] + wide / 2), port];
  arrow.line = [...line, [tip, port]];
}
