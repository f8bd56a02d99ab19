// The backward pass in the picture: an arrow turns round, and its product travels along it.
const BESIDE = [-6, 17, -22, 33]; // px from the arrow, where the product may be without covering a text
const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
// The place of an element, however far the picture is scrolled.
function inDrawing(element) {
  const [at, from] = [rectOf(element), rectOf(svg)];
  return { left: at.left - from.left, right: at.right - from.left, top: at.top - from.top, bottom: at.bottom - from.top };
}

let travelling = 0;

function turn(event, carries) {
  const arrow = arrows[event.node.index][event.slot].find((element) => element.querySelector("path"));
  if (arrow === undefined) return;
  mark([arrow], "back");
  const path = arrow.querySelector("path");
  const [tip, base] = [path.getPointAtLength(0), path.getPointAtLength(11)];
  const [dx, dy] = [(base.x - tip.x) * 0.4, (base.y - tip.y) * 0.4];
  const corners = [tip.x, tip.y, base.x - dy, base.y + dx, base.x + dy, base.y - dx];
  path.after(shape("polygon", { class: "turned", points: corners.join(" ") }));
  if (!carries || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const text = shape("text", { class: "carried" }, formatNumber(event.product));
  const others = [...svg.querySelectorAll("text")].filter((other) => other.textContent !== "").map(inDrawing);
  svg.append(text);
  const began = performance.now();
  const length = path.getTotalLength();
  const move = (now) => {
    const done = Math.min(1, (now - began) / 700);
    const at = path.getPointAtLength(length * (1 - done));
    text.setAttribute("x", at.x + 4);
    const free = BESIDE.some((off) => {
      text.setAttribute("y", at.y + off);
      const mine = inDrawing(text);
      return !others.some((other) => overlap(mine, other));
    });
    text.setAttribute("visibility", free ? "visible" : "hidden");
    if (done < 1) travelling = requestAnimationFrame(move);
    else text.remove();
  };
  move(began);
}

