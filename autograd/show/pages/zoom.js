// "Whole graph" is of use where the picture is larger than its frame.
const whole = byId("whole");
function seeWhole(on) {
  picture.classList.toggle("whole", on);
  whole.setAttribute("aria-pressed", on);
}
function frameGraph() {
  if (picture.classList.contains("whole")) whole.hidden = false;
  else whole.hidden = picture.scrollWidth <= picture.clientWidth && picture.scrollHeight <= picture.clientHeight;
}

// The picture of a page can be zoomed: by + − 0, by Ctrl and the wheel, by two fingers; the
// wheel alone does it while the picture has the focus. Dragged, it moves.
function zoom(factor, x, y) {
  const before = svg.getBoundingClientRect();
  const wide = Math.min(Math.max(before.width * factor, 80), 20000);
  svg.style.setProperty("--zoom", `${wide}px`);
  picture.classList.add("zoomed");
  const after = svg.getBoundingClientRect();
  const ratio = wide / before.width;
  picture.scrollLeft += after.left + (x - before.left) * ratio - x;
  picture.scrollTop += after.top + (y - before.top) * ratio - y;
}
if (svg !== null) {
  frameGraph();
  window.addEventListener("resize", frameGraph);
  document.addEventListener("drawn", frameGraph);
  whole.addEventListener("click", () => {
    seeWhole(!picture.classList.contains("whole"));
    picture.dispatchEvent(new CustomEvent("sized"));
  });
  const fingers = new Map();
  const spread = () => {
    const [a, b] = fingers.values();
    return Math.hypot(a.x - b.x, a.y - b.y);
  };
  picture.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && document.activeElement !== picture) return;
      event.preventDefault();
      zoom(1.0015 ** -event.deltaY, event.clientX, event.clientY);
    },
    { passive: false },
  );
  picture.addEventListener("pointerdown", (event) => fingers.set(event.pointerId, event));
  picture.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (last === undefined) return;
    const before = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, event);
    if (before > 0) {
      const [a, b] = fingers.values();
      zoom(spread() / before, (a.x + b.x) / 2, (a.y + b.y) / 2);
    } else if (event.pointerType === "mouse") {
      picture.scrollBy(last.x - event.x, last.y - event.y);
    }
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
    picture.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input:not([type=range]), select")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const factor = { "+": 1.25, "=": 1.25, "-": 0.8, 0: 1 }[event.key];
    if (factor === undefined) return;
    event.preventDefault();
    const { left, right, top, bottom } = picture.getBoundingClientRect();
    if (event.key === "0") picture.classList.remove("zoomed");
    else zoom(factor, (left + right) / 2, (top + bottom) / 2);
  });
}
