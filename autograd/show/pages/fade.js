// In a network of many arrows all but those of the box that is hovered over, or of the step, fade.
const MANY_ARROWS = 24;
const linked = Object.keys(data.arrows.of);

function fade(box) {
  const id = box?.id.replace(/^graph-/, "");
  const near = linked.filter((arrow) => arrow.startsWith(`e-${id}-`) || arrow.endsWith(`-${id}`));
  picture.classList.toggle("fading", near.length > 0);
  for (const arrow of picture.querySelectorAll(".near")) arrow.classList.remove("near");
  for (const arrow of near.flatMap((each) => [...drawn(`graph-${each}`), ...drawn(`graph-${each}-l`)])) arrow.classList.add("near");
}

if (svg !== null && linked.length > MANY_ARROWS) {
  const active = () => shown[events[shownAt - 1]?.target.index]?.boxes[0];
  picture.addEventListener("pointerover", ({ target }) => fade(target.closest(".node") ?? active()));
  picture.addEventListener("pointerleave", () => fade(active()));
  document.addEventListener("step", () => fade(active()));
}
