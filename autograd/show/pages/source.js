// The code that made the graph: the line of a step is lit, and of a line the nodes that it made.
const codeLine = (node) => byId(data.lines[node.index] ?? "");

document.addEventListener("step", () => {
  for (const lit of document.querySelectorAll(".line[aria-current]")) lit.removeAttribute("aria-current");
  const event = events[shownAt - 1];
  const line = event && codeLine(event.node);
  if (!line) return;
  line.setAttribute("aria-current", "step");
  const [at, frame, code] = [rectOf(line), rectOf(byId("code")), byId("code")];
  if (at.top < frame.top || at.bottom > frame.bottom) code.scrollTop += (at.top + at.bottom - frame.top - frame.bottom) / 2;
});

for (const [id, made] of Map.groupBy(nodes.filter(codeLine), ({ index }) => data.lines[index])) {
  const boxes = made.flatMap(({ index }) => shown[index].boxes);
  const lit = (on) => boxes.forEach((box) => box.classList.toggle("made", on));
  byId(id).addEventListener("pointerenter", () => lit(true));
  byId(id).addEventListener("pointerleave", () => lit(false));
}
