const picture = byId("picture");
const svg = picture.querySelector("svg");
const drawn = (id) => [...svg.querySelectorAll(`[id="${id}"], [id^="${id}-u"]`)];
const nodes = data.grads.map((_, index) => {
  const boxes = drawn(`${data.prefix}-n${index}`);
  const cells = (kind) => boxes.flatMap((box) => [...box.querySelectorAll("." + kind)]);
  return { boxes, data: cells("data"), grad: cells("grad") };
});
const arrows = new Map();
const arrow = (node, slot) => {
  const id = `${data.prefix}-e${node}-${slot}`;
  if (!arrows.has(id)) arrows.set(id, drawn(id));
  return arrows.get(id);
};
const played = new Map(); // by arrow or node, the event that tells its arithmetic
data.events.forEach((event, index) => {
  const id = event.kind === "backward" ? `e${event.node}-${event.slot}` : `n${event.node}`;
  if (event.kind !== "seed") played.set(`${data.prefix}-${id}`, index);
});
svg.querySelectorAll("g > title").forEach((title) => title.remove()); // they tell the end

let shownAt = 0;
let marked = [];
let texts = new Map();

// The numbers of a position are those that the events before it have set, one after another.
function numbersAt(position) {
  const found = { data: data.grads.map(() => ""), grad: [...data.grads] };
  for (const event of data.events.slice(0, position)) {
    found[event.kind === "forward" ? "data" : "grad"][event.target] = event.text;
  }
  return found;
}

function write(cells, text) {
  for (const cell of cells) if (texts.get(cell) !== text) texts.set(cell, (cell.textContent = text));
}

function mark(elements, name) {
  for (const element of elements) {
    element.classList.add(name);
    marked.push([element, name]);
  }
}

function fill(line, parts) {
  line.replaceChildren(
    ...parts.map(([text, role]) => {
      const span = document.createElement("span");
      span.className = role;
      span.textContent = text;
      return span;
    }),
  );
}

function highlight(event) {
  for (const [element, name] of marked) element.classList.remove(name);
  marked = [];
  if (event === undefined) return;
  if (event.kind === "backward") {
    mark(nodes[event.node].boxes, "from");
    mark(arrow(event.node, event.slot), "along");
  } else if (event.kind === "forward") {
    data.inputs[event.node].forEach((input, slot) => {
      mark(nodes[input].boxes, "from");
      mark(arrow(event.node, slot), "along");
    });
  }
  mark(nodes[event.target].boxes, "to");
  reveal(nodes[event.target].boxes[0]);
}

// Scrolls the picture, not the page, to a node that is out of sight.
function reveal(box) {
  if (picture.scrollWidth <= picture.clientWidth && picture.scrollHeight <= picture.clientHeight) {
    return;
  }
  const [at, frame] = [box.getBoundingClientRect(), picture.getBoundingClientRect()];
  const inside = (low, high, from, to) => low >= from + 8 && high <= to - 8;
  if (
    inside(at.left, at.right, frame.left, frame.right) &&
    inside(at.top, at.bottom, frame.top, frame.bottom)
  ) {
    return;
  }
  picture.scrollBy({
    left: (at.left + at.right - frame.left - frame.right) / 2,
    top: (at.top + at.bottom - frame.top - frame.bottom) / 2,
    behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth",
  });
}

const sumOf = (event) => event.sum.map(([text]) => text).join("");
const opening = [["Press play, or → for the first step.", ""]];

function showStep(position) {
  const numbers = numbersAt(position);
  nodes.forEach((node, index) => {
    write(node.data, numbers.data[index]);
    write(node.grad, numbers.grad[index]);
    const waits = numbers.data[index] === "";
    for (const box of node.boxes) box.classList.toggle("waits", waits);
  });
  const event = data.events[position - 1];
  highlight(event);
  fill(byId("sum"), event?.sum ?? opening);
  byId("words").textContent = event?.words ?? "";
  shownAt = position;
  document.dispatchEvent(new CustomEvent("step"));
}

picture.addEventListener("pointerover", (event) => {
  const id = event.target.closest("g[id]")?.id.replace(/-u\d+$/, "");
  const index = played.get(id);
  if (index === undefined) return;
  const { sum, kind } = data.events[index];
  const done = index < shownAt;
  fill(byId("info"), done ? sum : [...sum.slice(0, kind === "forward" ? 1 : 5), [" = ?", ""]]);
});

const controls = player(showStep, (position) =>
  position === 0 ? "start" : sumOf(data.events[position - 1]),
);
