// With the picture in focus, arrow keys walk from box to box: back to the inputs, on to what is
// computed of them, and among the boxes beside. A box in focus is spoken in a sentence.
const [BACK, ON] = { LR: ["Left", "Right"], RL: ["Right", "Left"], TB: ["Up", "Down"], BT: ["Down", "Up"] }[data.rankdir];
const [PREVIOUS, NEXT] = BACK === "Up" || ON === "Up" ? ["Left", "Right"] : ["Up", "Down"];
const members = Map.groupBy(nodes, ({ index }) => boxIds[index]);
const boxes = (ids, own) => [...new Set(ids)].filter((id) => id !== own && drawn(`graph-${id}`).length > 0);
const inputsOf = (id) => boxes(members.get(id).flatMap(({ inputs }) => inputs.map(({ index }) => boxIds[index])), id);
const readersOf = (id) => boxes(members.get(id).flatMap(({ index }) => readers[index]), id);
const nameOf = (id) => data.titles[id] ?? members.get(id)[0].name;
const listed = (ids) => ids.map(nameOf).join(", ").replace(/, ([^,]*)$/, " and $1");
let walked = null; // {id, reader}: the box in focus, and the one that it was reached from, if it is an input of that

// A box with its numbers, as far as they are known, and its neighbours.
function sentence(id) {
  const [inside, last] = [members.get(id), boxIds.lastIndexOf(id)];
  const [node] = inside;
  const made = node.op === null ? "an input" : node.made;
  const text = (cell) => shown[last][cell].map(({ textContent }) => textContent).find(Boolean);
  const [value, gradient] = [text("data"), text("grad")];
  const known = value ? `its value is ${value}${gradient ? ` and its gradient ${gradient}` : ""}` : "it is not computed yet";
  const [from, into] = [inputsOf(id), readersOf(id)];
  const links = [from.length > 0 && `It is computed of ${listed(from)}.`, into.length > 0 && `It goes into ${listed(into)}.`];
  return [`${nameOf(id)}, ${inside.length > 1 ? `${inside.length} nodes` : made}: ${known}.`, ...links].filter(Boolean).join(" ");
}

function goTo(id, reader = null) {
  if (id === undefined) return;
  const [box] = drawn(`graph-${id}`);
  walked = { id, reader };
  for (const [key, value] of Object.entries({ tabindex: -1, role: "img", "aria-label": sentence(id) })) box.setAttribute(key, value);
  box.focus({ preventScroll: true });
  bring(rectOf(box));
  inform(played.get(`graph-${id}`));
}

// The box that a key leads to from another. Those beside it are the other inputs of where it was reached from.
function neighbour(way, { id, reader }) {
  const inputs = inputsOf(id);
  if (way === BACK && inputs.length > 0) return [inputs[0], id];
  if (way === ON) return [reader ?? readersOf(id)[0]];
  const to = reader ?? readersOf(id)[0];
  const row = to === undefined ? [id] : inputsOf(to);
  const step = { [PREVIOUS]: -1, [NEXT]: 1 }[way] ?? 0;
  return [row[row.indexOf(id) + step], to];
}

// Enter shows the curve of an operation, and opens the field of an input.
function act(id) {
  const [node] = members.get(id);
  const [box] = drawn(`graph-${id}`);
  if (byId("live") === null) return; // the numbers cannot be changed here
  if (node.op !== null) return showCard(node, 0, box, true);
  edit(box, node);
  picture.querySelector(".edit").addEventListener("blur", () => box.focus());
}

let clicked = false; // the focus came by the pointer: keys are then for the player
picture.addEventListener("pointerdown", () => (clicked = true));
picture.addEventListener("blur", () => (clicked = false));
picture.addEventListener("keydown", (event) => {
  const { key, target } = event;
  const within = target.matches("g.node") && walked !== null;
  if (event.ctrlKey || event.metaKey || event.altKey || !(within || (target === picture && !clicked))) return;
  const way = key.startsWith("Arrow") ? key.slice(5) : "";
  if (way !== "") {
    const now = events[shownAt - 1]?.target ?? root;
    goTo(...(within ? neighbour(way, walked) : [boxes([boxIds[now.index], boxIds[root.index]])[0]]));
  } else if (key === "Enter" && within) act(walked.id);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
document.addEventListener("step", () => {
  if (walked !== null) drawn(`graph-${walked.id}`)[0].setAttribute("aria-label", sentence(walked.id));
});

if (svg !== null) {
  svg.setAttribute("role", "group"); // whose children are spoken
  picture.setAttribute("aria-label", "Graph: arrow keys walk from box to box, Enter looks closer");
}
