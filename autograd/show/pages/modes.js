// Forward mode beside reverse mode, on one clock: each tick is one multiplication in both. Reverse
// mode goes once from the result to all leaves; forward mode goes once from each leaf to the result.
const MOST_TOLD = 12; // leaves whose gradients are listed
const backwards = allEvents.filter(({ kind }) => kind === "backward");
const complete = new Map(); // by leaf, after how many multiplications reverse mode knows its gradient
backwards.forEach(({ target, use, uses }, k) => use === uses && complete.set(target, k + 1));

// The products of a pass from one leaf: only of arrows that it reaches, as the others carry 0.
const onwards = nodes.flatMap((node) => node.inputs.map((source, slot) => ({ node, slot, source, target: node })));
function tangentsFrom(leaf) {
  const reached = new Map([[leaf, 0]]); // by node, how many products have arrived
  const links = onwards.filter(({ source, target }) => reached.has(source) && reached.set(target, 0));
  const steps = [];
  const tangents = sweep(links, { [leaf.index]: 1 }, ({ node, slot }, numbers) => {
    reached.set(node, reached.get(node) + 1);
    steps.push({ leaf, node, slot, use: reached.get(node), ...numbers });
  });
  return { steps, slope: tangents[root.index] };
}

const ends = []; // after how many multiplications forward mode knows each leaf's gradient
const reverseCount = backwards.length;
let forwardCount = 0;

const [modes, clock, race] = ["modes", "clock", "race"].map(byId);

function fillColumn(id, at, of, sum, known, scale) {
  const [, bar, count, text, list] = byId(id).children;
  bar.value = at;
  count.textContent = `${at} of ${of} multiplications`;
  put(text, sum);
  list.replaceChildren(...leaves.slice(0, MOST_TOLD).map((leaf, k) => element("li", {}, `∂${root.name}/∂${leaf.name} = `, element("b", {}, known(leaf, k) ? formatNumber(scale(leaf)) : "?"))));
  if (leaves.length > MOST_TOLD) list.append(element("li", {}, `… and ${leaves.length - MOST_TOLD} more`));
}

function showModes() {
  const at = Number(clock.value);
  const lit = { backward: [], forward: [] };
  const reverseAt = Math.min(at, reverseCount);
  const event = backwards[reverseAt - 1];
  if (event !== undefined) lit.backward = arrows[event.node.index][event.slot];
  const now = replay(allEvents);
  fillColumn("reverse", reverseAt, reverseCount, event === undefined ? [] : parts(event), (leaf) => complete.get(leaf) <= reverseAt, (leaf) => now[leaf.index]);
  const pass = Math.max(0, ends.findIndex((end) => at <= end));
  const step = tangentsFrom(leaves[pass]).steps[at - (ends[pass - 1] ?? 0) - 1];
  const sum = [];
  if (step !== undefined) {
    const { leaf, node, slot, use, upstream, before, after } = step;
    const input = node.inputs[slot];
    lit.forward = arrows[node.index][slot];
    sum.push([`∂${node.name}/∂${leaf.name} += `, "name"], [`∂${input.name}/∂${leaf.name}`, "upstream"], [" · ", ""], [`∂${node.name}/∂${input.name}`, "local"], [" = ", ""]);
    sum.push([formatNumber(upstream), "upstream"], [" × ", ""], [formatNumber(node.partials[slot]), "local"]);
    sum.push([use === 1 ? " → " : ` + ${formatNumber(before)} → `, ""], [formatNumber(after), "result"]);
  }
  fillColumn("forward", at, forwardCount, sum, (_, k) => ends[k] <= at, (leaf) => seed * tangentsFrom(leaf).slope);
  if (at > 0) unmark();
  for (const old of picture.querySelectorAll(".backward, .forward")) old.classList.remove("backward", "forward");
  for (const mode in lit) for (const arrow of lit[mode]) arrow.classList.add(mode);
}

// Once it is opened, as this takes a while in a large graph.
function countAll() {
  for (const leaf of leaves) ends.push((ends.at(-1) ?? 0) + tangentsFrom(leaf).steps.length);
  forwardCount = ends.at(-1);
  for (const scale of modes.querySelectorAll("input, progress")) scale.max = forwardCount;
  const more = forwardCount > reverseCount ? `${formatNumber(forwardCount / reverseCount, ".3g")} times` : "no more than";
  const many = leaves.length === 1 ? "one leaf" : `${leaves.length} leaves`;
  byId("why").textContent = `For ${many} and one result, forward mode multiplies ${forwardCount} times, ${more} the ${reverseCount} of reverse mode. So reverse mode is taken for a loss of many weights, and forward mode where few inputs have many results.`;
}

let racing = 0;
function stopRace() {
  racing = clearInterval(racing) ?? 0;
  race.textContent = "Play both";
}
race.addEventListener("click", () => {
  if (racing !== 0) return stopRace();
  if (Number(clock.value) === forwardCount) clock.value = 0;
  race.textContent = "Pause";
  racing = setInterval(() => {
    clock.value = Number(clock.value) + Math.max(1, Math.round(forwardCount / 200));
    showModes();
    if (Number(clock.value) === forwardCount) stopRace();
  }, data.delay / 3);
});
clock.addEventListener("input", () => {
  stopRace();
  showModes();
});
modes.addEventListener("keydown", (event) => event.stopPropagation()); // keys move this clock
modes.addEventListener("toggle", () => {
  stopRace();
  if (ends.length === 0) countAll();
  if (modes.open) showModes();
});
document.addEventListener("moved", () => modes.open && showModes());
document.addEventListener("step", () => (modes.hidden = root.op === null || isGuessing()));
modes.hidden = root.op === null;
