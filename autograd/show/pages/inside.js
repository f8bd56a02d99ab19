// A box that stands for several nodes opens in place: by a click, or by the list below.
const arithmetic = (node) => node.made;
const MOST_INSIDE = 40; // nodes that are drawn in place
const sizeOf = (id) => Object.values(data.groups).filter((other) => other === id).length;
const groups = Object.keys(data.titles).filter((id) => drawn(`graph-${id}`).length > 0 && sizeOf(id) <= MOST_INSIDE);
let opened = null; // {id, svg}

// The nodes in a group, after those that they are computed from.
function within(id) {
  const members = nodes.filter(({ index }) => data.groups[index] === id);
  const inside = new Set(members);
  const around = [...new Set(members.flatMap(({ inputs }) => inputs))].filter((x) => !inside.has(x));
  const outer = around.map((node) => ({ ...node, op: null, operands: [], inputs: [], partials: [] }));
  const all = [...outer, ...members.map((node) => ({ ...node }))];
  const places = new Map([...around, ...members].map((node, k) => [node, all[k]]));
  all.forEach((node, k) => {
    const inputs = node.inputs.map((x) => places.get(x));
    Object.assign(node, { index: k, auto: false, inputs, grad: grads[node.index] });
  });
  return all;
}

function open(id) {
  const again = opened?.id === id;
  opened?.svg.remove();
  opened = null;
  byId("inside").value = id;
  if (id === "") return;
  const [box] = drawn(`graph-${id}`);
  const inner = shape("svg", { class: "inside", role: "presentation" });
  drawGraph(inner, within(id));
  const [, , wide, high] = inner.getAttribute("viewBox").split(" ").map(Number);
  const [left, top, width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const scale = Math.max(0.75, Math.min(1, (width - 8) / wide, (height - 8) / high)); // 9 px
  const rect = box.querySelector("rect");
  const at = (place, from, size, room) =>
    Math.max(from, Math.min(Number(rect.getAttribute(place)), from + room - size * scale));
  const [x, y] = [at("x", left, wide, width), at("y", top, high, height)];
  for (const [key, value] of Object.entries({ x, y, width: wide * scale, height: high * scale })) {
    inner.setAttribute(key, value);
  }
  inner.prepend(shape("rect", { class: "paper", x: -8, y: -8, width: wide, height: high, rx: 6 }));
  svg.append(inner);
  opened = { id, svg: inner };
  if (!again) bring(rectOf(inner));
}

if (svg !== null && groups.length > 0) {
  const boxes = groups.map((id) => new Option(data.titles[id], id));
  const list = element("select", { id: "inside" }, new Option("a box …", ""), ...boxes);
  whole.before(element("label", {}, "Open ", list));
  list.addEventListener("change", () => open(list.value));
  for (const id of groups) drawn(`graph-${id}`)[0].addEventListener("click", () => open(opened?.id === id ? "" : id));
  picture.addEventListener("click", (event) => {
    if (event.target.closest(".inside") !== null) open("");
  });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && open(""));
  document.addEventListener("moved", () => open(opened?.id ?? ""));
}
