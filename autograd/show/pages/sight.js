// Scroll into sight what a step is about.
const union = (rects) => ({
  left: Math.min(...rects.map((rect) => rect.left)),
  right: Math.max(...rects.map((rect) => rect.right)),
  top: Math.min(...rects.map((rect) => rect.top)),
  bottom: Math.max(...rects.map((rect) => rect.bottom)),
});

// The arrow to scroll to: the arrow with both its ends, if they fit; else the end that is set. Of an
// arrow that begins at a name, that is its end.
function sight(event, frame) {
  const [box] = [...(chips[event.node.index][event.slot] ?? []), ...shown[event.target.index].boxes];
  const end = box && rectOf(box);
  const arrow = arrows[event.node.index][event.slot]?.[0];
  if (arrow === undefined) return end;
  const at = rectOf(arrow);
  const all = union([at, end, rectOf(shown[event.node.index].boxes[0])]);
  const fits = all.right - all.left < frame.width && all.bottom - all.top < frame.height;
  return fits ? all : end;
}

// Scrolls the picture, not the page, to what is out of sight.
function reveal(event) {
  const at = sight(event, rectOf(picture));
  if (at !== undefined) bring(at); // the picture may leave the node out
}

// To the middle of the frame, or with its beginning there if it is larger.
function bring(at) {
  const frame = rectOf(picture);
  const all = union([at, frame]);
  if (["left", "right", "top", "bottom"].every((side) => all[side] === frame[side])) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const smooth = !calm && document.body.classList.contains("playing");
  picture.scrollBy({
    left: Math.min(at.left - frame.left, (at.left + at.right - frame.left - frame.right) / 2),
    top: Math.min(at.top - frame.top, (at.top + at.bottom - frame.top - frame.bottom) / 2),
    behavior: smooth ? "smooth" : "instant",
  });
}

