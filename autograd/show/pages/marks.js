// The picture at a step: what an event sets, and what is marked.
// The text that an event sets, or what stood there before it.
function set(event, done) {
  const { index } = event.target;
  const owner = boxIds.lastIndexOf(boxIds[index]);
  if (event.kind !== "forward") {
    gradNow[index] = done ? event.after : event.before;
    return write(shown[owner].grad, inBox(index, (node) => gradNow[node.index]));
  }
  const text = inBox(index, (node) => node.data, done ? index + 1 : index);
  write(shown[owner].data, text);
  for (const element of shown[owner].waiting) wait(element, text === "");
}

// Dims what has no number yet; an arrow is whole until then, without a gap for its number.
function wait(element, waits) {
  element.classList.toggle("waits", waits);
  const path = element.querySelector("path");
  const drawn = path?.getAttribute("d").replace(waits ? /(?!^)M/ : "L", waits ? "L" : "M");
  if (drawn !== path?.getAttribute("d")) path.setAttribute("d", drawn);
}

function mark(elements, name) {
  for (const element of elements) {
    element.classList.add(name);
    marked.push([element, name]);
  }
}

function unmark() {
  for (const [element, name] of marked) element.classList.remove(name);
  marked = [];
  cancelAnimationFrame(travelling);
  for (const arrow of picture.querySelectorAll(".asked")) arrow.classList.remove("asked");
  for (const element of picture.querySelectorAll(".turned, .carried")) element.remove();
}

// An event; one that is only asked for carries no number.
function highlight(event, carries = true) {
  unmark();
  if (event === undefined) {
    if (svg !== null && events.length > 0) reveal(events[0]); // what comes first is in sight
    return;
  }
  if (event.kind === "backward") {
    mark(shown[event.node.index].boxes, "from");
    mark(arrows[event.node.index][event.slot], "along");
    mark(chips[event.node.index][event.slot], "to");
    turn(event, carries);
  } else if (event.kind === "forward") {
    const { inputs, index } = event.node;
    inputs.forEach((input, slot) => {
      mark([...shown[input.index].boxes, ...chips[index][slot]], "from");
      mark(arrows[index][slot], "along");
    });
  }
  mark(shown[event.target.index].boxes, "to");
  if (svg !== null) reveal(event);
}

