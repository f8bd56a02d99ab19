// A box that stands for several nodes opens below the picture, by a click or by the list: its
// nodes, as far as they have been played, and where the step is.
const arithmetic = (node) => node.made;
const sizeOf = (id) => Object.values(data.groups).filter((other) => other === id).length;
const groups = Object.keys(data.titles).filter((id) => drawn(`graph-${id}`).length > 0 && sizeOf(id) <= MOST_DRAWN);
const inside = element("figure", { class: "picture sized inside", tabindex: 0, hidden: "" });
let opened = ""; // the id of a group

// The inputs of a group, and its nodes: by each its copy that is drawn.
function within(id, now) {
  const members = nodes.filter(({ index }) => data.groups[index] === id);
  const around = [...new Set(members.flatMap(({ inputs }) => inputs))].filter((x) => !members.includes(x));
  const outer = around.map((node) => [node, { ...node, op: null, operands: [], inputs: [], partials: [] }]);
  const all = new Map([...outer, ...members.map((node) => [node, { ...node }])]);
  [...all].forEach(([node, copy], index) => {
    Object.assign(copy, { index, auto: false, inputs: copy.inputs.map((x) => all.get(x)), grad: now[node.index] });
  });
  return all;
}

function open(id) {
  if (opened !== "") for (const box of drawn(`graph-${opened}`)) box.classList.remove("open");
  opened = id;
  byId("inside").value = id;
  inside.hidden = id === "";
  if (id === "") return;
  drawn(`graph-${id}`)[0].classList.add("open");
  refreshInside();
  inside.scrollIntoView({ block: "nearest" });
}

function refreshInside() {
  if (opened === "") return;
  const copies = within(opened, gradsNow());
  const inner = shape("svg", { id: "opened", role: "presentation" });
  drawGraph(inner, [...copies.values()]);
  const title = element("figcaption", {}, `Inside ${data.titles[opened]}`);
  inside.replaceChildren(title, inner);
  const at = (node, slot = null) =>
    [...inner.querySelectorAll(`[data-node="${copies.get(node)?.index}"]`)].filter(({ dataset }) => (dataset.slot ?? null) === slot);
  const step = events[shownAt - 1];
  for (const node of copies.keys()) {
    if (node.index >= Math.min(shownAt, nodes.length)) {
      for (const part of inner.querySelectorAll(`[data-node="${copies.get(node).index}"]`)) wait(part, true);
    }
  }
  if (step === undefined) return;
  const name = (parts, kind) => parts.forEach((part) => part.classList.add(kind));
  if (step.kind === "backward" && copies.get(step.node)?.op) {
    name(at(step.node), "from");
    name(at(step.node, String(step.slot)), "along");
    name(at(step.target), "to");
  } else if (step.kind !== "backward") name(at(step.target), "to");
}

if (svg !== null && groups.length > 0) {
  const boxes = groups.map((id) => new Option(data.titles[id], id));
  const list = element("select", { id: "inside" }, new Option("a box …", ""), ...boxes);
  whole.before(element("label", {}, "Open ", list));
  picture.after(inside);
  list.addEventListener("change", () => open(list.value));
  for (const id of groups) drawn(`graph-${id}`)[0].addEventListener("click", () => open(opened === id ? "" : id));
  document.addEventListener("keydown", ({ key }) => key === "Escape" && open(""));
  for (const what of ["step", "moved"]) document.addEventListener(what, refreshInside);
}
