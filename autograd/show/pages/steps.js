// The player: steps are told in words and numbers, and what the pointer is at, too.
const LONG = 70; // characters, of a line that is written smaller

function put(line, parts) {
  line.classList.toggle("long", parts.map(([text]) => text).join("").length > LONG);
  line.replaceChildren(...parts.map(([text, role]) => element("span", { class: role }, text)));
}

const opening = [["Press play, or → for the first step.", ""]];

// The pass that a position lies in, and how far.
function passOf(position) {
  const forward = nodes.length;
  if (data.seed === null) return "";
  const [pass, at, of] =
    position <= forward ? ["Forward", position, forward] : ["Backward", position - forward, events.length - forward];
  return `${pass} pass: ${at} of ${of}`;
}

picture.addEventListener("sized", () => svg !== null && reveal(events[shownAt - 1] ?? events[0]));

function showStep(position) {
  while (shownAt < position) set(events[shownAt++], true);
  while (shownAt > position) set(events[--shownAt], false);
  for (const box of given) box.classList.toggle("waits", position === 0);
  highlight(events[position - 1]);
  tellStep();
}

function tellStep() {
  const event = events[shownAt - 1];
  byId("pass").textContent = passOf(shownAt);
  put(byId("sum"), event === undefined ? opening : parts(event));
  byId("words").textContent = event === undefined ? "" : words(event);
  document.dispatchEvent(new CustomEvent("step"));
}

// The arithmetic of an event, as far as it has been played; of a leaf, what its gradient is
// the sum of. At the end of a page that plays no backward pass it has been, too.
function inform(index) {
  const { kind, target } = allEvents[index];
  const sum = parts(allEvents[index]);
  const until = shownAt === events.length ? allEvents.length : shownAt;
  const terms = allEvents.filter(
    (event, k) => event.kind === "backward" && event.target === target && k < until,
  );
  if (terms.length > 0 && kind === "forward" && target.op === null) {
    const last = terms.at(-1);
    const added = terms.map(({ product }) => formatNumber(product)).join(" + ");
    const rest = last.uses > terms.length ? ` of ${last.uses}` : "";
    const way = last.uses > 1 ? `  (${terms.length}${rest} ways)` : "";
    const total = [formatNumber(last.after), "result"];
    return put(byId("info"), [...sum, ["; ", ""], parts(last)[0], [` = ${added} → `, ""], total, [way, ""]]);
  }
  const done = index < until;
  return put(byId("info"), done ? sum : [...sum.slice(0, kind === "forward" ? 1 : 5), [" = ?", ""]]);
}

// The index of the event that tells the arithmetic of what the pointer is at, if there is one.
function pointedAt({ target }) {
  const element = target.closest("g[id]");
  const id = element?.dataset.box ?? element?.id ?? "";
  return played.get(id.replace(/-l$/, ""));
}
picture.addEventListener("pointerover", (event) => {
  const index = pointedAt(event);
  if (index !== undefined) inform(index);
});

// The longest lines get their room from the start, so that the picture stays where it is.
const longest = (length) => events.reduce((a, b) => (length(b) > length(a) ? b : a));
const sums = [0, 1].map((small) =>
  longest((event) => (!small && textOf(event).length > LONG ? 0 : textOf(event).length)),
);
const talk = words(longest((event) => words(event).length));
function steady() {
  const now = byId("now");
  now.style.minHeight = "";
  const heights = sums.map((event) => {
    put(byId("sum"), parts(event));
    byId("words").textContent = talk;
    return now.getBoundingClientRect().height;
  });
  now.style.minHeight = `${Math.ceil(Math.max(...heights))}px`;
}
let room = document.body.clientWidth;
steady();
window.addEventListener("resize", () => {
  if (room === document.body.clientWidth) return;
  room = document.body.clientWidth;
  steady();
  controls.show();
});

// The slider is split into the passes.
const slider = byId("slider");
const passes = element("div", { class: "passes", "aria-hidden": "true" });
const backward = events.filter(({ kind }) => kind !== "forward").length;
for (const [name, count] of [["forward", events.length - backward], ["backward", backward]]) {
  const part = element("span", {}, name);
  part.style.setProperty("flex-grow", count);
  if (count > 0) passes.append(part);
}
const track = element("div", { class: "track" });
slider.replaceWith(track);
track.append(slider, passes);

for (const event of [...events].reverse()) set(event, false);
const controls = player(showStep, (position) =>
  position === 0 ? "start" : textOf(events[position - 1]),
);
window.addEventListener("beforeprint", () => shownAt === 0 && !isGuessing() && controls.last()); // not an empty picture
