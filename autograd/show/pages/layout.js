// The layout of pictures in pages that lay out anew: the functions, and the numbers, of
// autograd/show/drawing/layered.py, which says what each of them does.

const [CURVE, LEVEL] = [22, 10];
const [BETWEEN, APART] = [12, 5];
const [FRAME, BELOW] = [26, 8];
const LANE = 24;
const LONGEST = 6;
const [BEND, PORT] = [6, 8];
const [SWEEPS, STRAIGHT] = [20, 8];
const [STEEP, MOST_STEEP] = [0.15, 45];

function pull(box) {
  const ins = box.ends.map((each) => each.way[0].ends.length > 0 ? 3 : 1);
  return sum(ins) - (3 * box.starts.length);
}

function set_ranks(boxes) {
  let head;
  const ordered = boxes.filter((box) => box.ends.length === 0);
  for (const box of boxes) {
    box.at = box.ends.length;
  }
  for (const box of ordered) {
    for (const each of box.starts) {
      head = each.way.at(-1);
      head.rank = max(head.rank, box.rank + 1);
      head.at -= 1;
      if (head.at === 0) {
        ordered.push(head);
      }
    }
  }
  for (const _ of range(4)) {
    for (const box of ordered.toReversed()) {
      if ((box.starts.length > 0) && (pull(box) <= 0)) {
        box.rank = min(box.starts.map((each) => each.way.at(-1).rank)) - 1;
      }
    }
    for (const box of ordered) {
      if ((box.starts.length > 0) && (pull(box) > 0)) {
        box.rank = max(box.ends.map((each) => each.way[0].rank)) + 1;
      }
    }
  }
  const first = min(boxes.map((box) => box.rank));
  for (const box of boxes) {
    box.rank -= first;
  }
  return ordered.length === boxes.length;
}

function rank_lengths(boxes) {
  let long, numbers, k;
  const count = max(boxes.map((box) => box.rank)) + 1;
  [long, numbers] = [new Array(count).fill(0), new Array(count).fill(0)];
  for (const box of boxes) {
    k = box.rank;
    long[k] = max(long[k], box.size[0]);
    numbers[k] = max([numbers[k], ...(box.ends.map((each) => each.label[0]))]);
  }
  return range(count).map((k) => CURVE + LEVEL + long[k] + numbers[k]);
}

function add_up(numbers) {
  let found = 0;
  for (const number of numbers) {
    found += number;
  }
  return found;
}

function row_starts(boxes, gaps, length) {
  let starts, cut, ahead, wide, k, long, end, best;
  const count = gaps.length;
  [cut, ahead] = [new Array(count + 1).fill(0), new Array(count + 1).fill(0)];
  for (const box of boxes) {
    wide = box.ends.length > 0 ? box.name[0] : box.size[0];
    for (const each of box.starts) {
      k = each.way.at(-1).rank;
      ahead[k] = max(ahead[k], wide + CURVE + LEVEL);
      for (const j of range(box.rank + 1, k + 1)) {
        cut[j] += 1;
      }
    }
  }
  const rows = int(add_up(gaps) / length) + 1;
  const least = (0.95 * add_up(gaps)) / rows;
  let start = 0;
  starts = [];
  while (start < count) {
    starts.push(start);
    [long, end, best] = [ahead[start] + gaps[start], start + 1, start + 1];
    while ((end < count) && ((long + gaps[end]) <= length)) {
      long += gaps[end];
      end += 1;
      if ((long < least) || (cut[end] < cut[best])) {
        best = end;
      }
    }
    start = end === count ? end : best;
  }
  return starts;
}

function set_rows(boxes, starts) {
  for (const box of boxes) {
    box.row = (starts.filter((k) => k <= box.rank)).length - 1;
  }
  for (const box of boxes) {
    if ((box.ends.length === 0) && (box.starts.length > 0)) {
      box.row = min(box.starts.map((each) => each.way.at(-1).row));
    }
  }
}

function item(size, name, frames, fixed) {
  return { size, name, frames, fixed, of: [], rank: 0, row: 0, at: 0, x: 0, y: 0, before: [], after: [], starts: [], ends: [] };
}

function small_item(size, rank, row, of) {
  const found = item(size, [0, 0], [], -1);
  found.rank = rank;
  found.row = row;
  found.of = of;
  return found;
}

function names(box, several) {
  let head;
  const found = [];
  let at = box;
  for (const each of sorted(box.starts, (each) => each.way.at(-1).rank)) {
    head = each.way.at(-1);
    if ((head.row !== at.row) || (several && (head.rank - at.rank > LONGEST))) {
      at = small_item(box.name, head.rank - 1, head.row, [box]);
      found.push(at);
    }
    each.way[0] = at;
  }
  return found;
}

function bends(each) {
  let tail_, head;
  [tail_, head] = each.way;
  const found = range(tail_.rank + 1, head.rank).map((k) => small_item([0, BEND], k, head.row, []));
  each.way = [tail_, ...found, head];
  for (const k of range(1, each.way.length)) {
    each.way[k].before.push(each.way[k - 1]);
    each.way[k - 1].after.push(each.way[k]);
  }
  return found;
}

function layered(items) {
  const ranks = items.map((each) => each.rank);
  const layers = ranks.length > 0 ? (range(min(ranks), max(ranks) + 1).map((_) => [])) : [];
  for (const each of items) {
    layers[each.rank - min(ranks)].push(each);
  }
  return layers;
}

function count_off(layer) {
  for (const k of range(layer.length)) {
    layer[k].at = k - (layer.length / 2);
  }
}

function crossings(layers) {
  let width, seen, before_;
  let found = 0;
  for (const k of range(1, layers.length)) {
    width = layers[k - 1].length;
    seen = new Array(width).fill(0);
    for (const each of layers[k]) {
      before_ = each.before.map((x) => int(x.at + (width / 2)));
      for (const place of before_) {
        found += sum(seen.slice(place + 1));
      }
      for (const place of before_) {
        seen[place] += 1;
      }
    }
  }
  return found;
}

function sort_layer(layer, forth) {
  let k, near, key;
  const totals = range(max(layer.map((i) => max([-1, ...i.frames]))) + 1).map((_) => [0, 0]);
  for (const each of layer) {
    near = forth ? each.before : each.after;
    each.y = near.length > 0 ? (add_up(near.map((x) => x.at)) / near.length) : each.at;
    for (const frame of each.frames) {
      totals[frame][0] += each.y;
      totals[frame][1] += 1;
    }
  }
  const keys = [];
  for (const each of layer) {
    key = [];
    for (const frame of each.frames) {
      key.push(totals[frame][0] / totals[frame][1]);
      key.push(frame);
    }
    key.push(each.fixed >= 0 ? each.fixed : each.y);
    keys.push(key);
  }
  const placed = sorted(range(layer.length), (k) => keys[k]).map((k) => layer[k]);
  for (k of range(layer.length)) {
    layer[k] = placed[k];
  }
  count_off(layer);
}

function order(layers) {
  let k, best, least, now;
  for (const layer of layers) {
    count_off(layer);
  }
  [best, least] = [layers.map((layer) => [...layer]), crossings(layers)];
  for (const sweep of range(SWEEPS)) {
    for (const layer of sweep % 2 === 0 ? layers : layers.toReversed()) {
      sort_layer(layer, sweep % 2 === 0);
    }
    now = crossings(layers);
    if ((now < least) || ((now === least) && (sweep === 0))) {
      [best, least] = [layers.map((layer) => [...layer]), now];
    }
  }
  for (k of range(layers.length)) {
    layers[k] = best[k];
    count_off(layers[k]);
  }
}

function room_between(a, b) {
  let frames;
  const shared = (a.frames.filter((frame) => b.frames.includes(frame))).length;
  frames = max(a.frames.length, b.frames.length) - shared;
  const near = a.size[0] === 0 && b.size[0] === 0 ? APART : BETWEEN;
  return (((a.size[1] + b.size[1]) / 2) + near) + FRAME * frames;
}

function settle(layer, wanted, weights) {
  const blocks = [];
  const offsets = [];
  for (const k of range(layer.length)) {
    offsets.push(k > 0 ? (offsets.at(-1) + room_between(layer[k - 1], layer[k])) : 0);
    blocks.push([k, (wanted[k] - offsets[k]) * weights[k], weights[k]]);
    while ((blocks.length > 1) && ((blocks.at(-2)[1] / blocks.at(-2)[2]) > (blocks.at(-1)[1] / blocks.at(-1)[2]))) {
      blocks.at(-2)[1] += blocks.at(-1)[1];
      blocks.at(-2)[2] += blocks.at(-1)[2];
      blocks.splice(-1, 1);
    }
  }
  for (const block of blocks) {
    for (const k of range(int(block[0]), layer.length)) {
      layer[k].y = (block[1] / block[2]) + offsets[k];
    }
  }
}

function set_across(layers) {
  let both, forth, wanted, weights, near, pulls, total, mean;
  for (const layer of layers) {
    settle(layer, layer.map((_) => 0), layer.map((_) => 1));
  }
  for (const sweep of range(SWEEPS + STRAIGHT)) {
    [both, forth] = [sweep >= SWEEPS - 6, sweep % 2 === 0];
    for (const layer of forth ? layers : layers.toReversed()) {
      wanted = [];
      weights = [];
      for (const each of layer) {
        near = [...(both || forth ? each.before : []), ...(both || !forth ? each.after : [])];
        pulls = near.map((x) => x.size[0] === 0 ? 5 : 1);
        total = add_up(pulls);
        mean = add_up(range(near.length).map((k) => near[k].y * pulls[k]));
        wanted.push(near.length > 0 ? (mean / total) : each.y);
        weights.push(max(0.1, total * (each.size[0] === 0 ? 3 : 1)));
      }
      settle(layer, wanted, weights);
    }
  }
}

function port_places(head, numbers) {
  let at;
  const needs = numbers.map((x) => x > 0 ? x : PORT);
  const room = needs.length > 0 ? ((head.size[1] - PORT) + ((needs[0] + needs.at(-1)) / 2)) : 0;
  const scale = min(1, room / max(1, add_up(needs)));
  const ports = [];
  at = head.y - ((scale * add_up(needs)) / 2);
  for (const need of needs) {
    ports.push(at + ((scale * need) / 2));
    at += (scale * need);
  }
  return ports;
}

function draw_line(each, port, begin, right, first) {
  let tail_, head, at, tip, half;
  [tail_, head] = [each.way[0], each.way.at(-1)];
  const line = [[tail_.x + (tail_.size[0] / 2), tail_.y]];
  for (const k of range(1, each.way.length)) {
    at = each.way[k].rank - first;
    line.push([right[at - 1], line.at(-1)[1]]);
    line.push([begin[at], k === (each.way.length - 1) ? port : each.way[k].y]);
  }
  [tip, half] = [head.x - (head.size[0] / 2), each.label[0] / 2];
  each.number = [max((tip - LEVEL + 2) - half, line.at(-1)[0] + half), port];
  each.line = [...line, [tip, port]];
}

function route(layers, length, top) {
  let k, room, steep, rise, ends, ports;
  const wide = layers.map((layer) => max(layer.map((each) => each.size[0])));
  [room, steep] = [new Array(layers.length).fill(0), new Array(layers.length).fill(0)];
  for (k of range(layers.length)) {
    for (const each of layers[k]) {
      room[k] = max([room[k], ...(each.ends.map((end) => end.label[0]))]);
      rise = max([0, ...(each.before.map((x) => abs(each.y - x.y)))]);
      steep[k] = max(steep[k], min(MOST_STEEP, STEEP * rise));
    }
  }
  const spare = ((length - add_up(wide)) - add_up(room)) - ((CURVE + LEVEL) * (layers.length - 1));
  const scale = max(0, min(1, spare / max(1, add_up(steep))));
  const left = [0];
  for (k of range(1, layers.length)) {
    left.push((left.at(-1) + wide[k - 1] + CURVE + LEVEL + room[k]) + (scale * steep[k]));
  }
  const above = [];
  const below = [];
  for (const layer of layers) {
    for (const each of layer) {
      above.push((each.y - (each.size[1] / 2)) - (FRAME - BELOW) * each.frames.length);
      below.push((each.y + (each.size[1] / 2)) + BELOW * each.frames.length);
    }
  }
  for (k of range(layers.length)) {
    for (const each of layers[k]) {
      each.y += (top - min(above));
      each.x = left[k] + (wide[k] / 2);
      if ((each.before.length === 0) && (each.after.length > 0)) {
        each.x = (left[k] + wide[k]) - (each.size[0] / 2);
      } else {
        if (each.after.length === 0) {
          each.x = left[k] + (each.size[0] / 2);
        }
      }
    }
  }
  const right = range(layers.length).map((k) => left[k] + wide[k]);
  const begin = range(layers.length).map((k) => (left[k] - LEVEL) - room[k]);
  const first = layers[0][0].rank;
  for (const layer of layers) {
    for (const head of layer) {
      ends = sorted(head.ends, (end) => end.way.at(-2).y);
      ports = port_places(head, ends.map((end) => end.label[1]));
      for (const j of range(ends.length)) {
        draw_line(ends[j], ports[j], begin, right, first);
      }
    }
  }
  return [right.at(-1), (top + max(below)) - min(above)];
}

function lay_out(boxes, arrows, length, rows) {
  let layers, placed;
  const gaps = set_ranks(boxes) ? rank_lengths(boxes) : [];
  const starts = rows > 1 ? row_starts(boxes, gaps, length) : [0];
  const too_long = rows === 1 && add_up(gaps) - CURVE - LEVEL > length;
  if ((gaps.length === 0) || (starts.length > rows) || too_long) {
    return [Infinity, Infinity];
  }
  set_rows(boxes, starts);
  let items = [...boxes];
  for (const box of boxes) {
    items = [...items, ...names(box, starts.length > 1)];
  }
  for (const each of arrows) {
    items = [...items, ...bends(each)];
  }
  let size = [0, -LANE];
  for (const r of range(starts.length)) {
    layers = layered(items.filter((each) => each.row === r));
    if (layers.length > 0) {
      order(layers);
      set_across(layers);
      placed = route(layers, length, size[1] + LANE);
      size = [max(size[0], placed[0]), placed[1]];
    }
  }
  return size;
}

function arrow(tail_, head, label) {
  const found = { way: [tail_, head], label: label, number: [], line: [] };
  tail_.starts.push(found);
  head.ends.push(found);
  return found;
}
