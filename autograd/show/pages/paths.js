// Every path from a leaf to the result multiplies derivatives; the products add up to the gradient.
const MOST_PATHS = 20; // of more the largest are told, and the rest as one
const [FIRST, LAST] = [5, 3]; // nodes and factors of a long path that are written
const pathPanel = byId("paths");
const [pathTitle, pathSum, pathList] = pathPanel.children;
const ofLeaf = element("select", { id: "leaf" }, new Option("a leaf …", ""), ...leaves.map((leaf) => new Option(leaf.name, leaf.index)));

// The paths of a leaf with the largest products, {product, links}, and how many there are at all.
// The links, as [node, slot], go from the leaf to the result.
function pathsOf(leaf) {
  const best = nodes.map(() => []);
  const many = nodes.map(() => 0);
  best[root.index] = [{ product: seed, links: null }];
  many[root.index] = 1;
  for (const { node, slot, target: { index } } of linksOf(nodes)) {
    many[index] += many[node.index];
    const longer = best[node.index].map(({ product, links }) => ({ product: share(product, node, slot), links: { node, slot, rest: links } }));
    best[index] = [...best[index], ...longer].sort((a, b) => Math.abs(b.product) - Math.abs(a.product)).slice(0, MOST_PATHS);
  }
  const largest = best[leaf.index].map(({ product, links }) => {
    const list = [];
    for (let at = links; at !== null; at = at.rest) list.push([at.node, at.slot]);
    return { product, links: list };
  });
  return { largest, many: many[leaf.index] };
}

const shortened = (texts, between) =>
  (texts.length > FIRST + LAST + 1 ? [...texts.slice(0, FIRST), `… ${texts.length - FIRST - LAST} more …`, ...texts.slice(-LAST)] : texts).join(between);

// A path and its product, from the result down, as the backward pass multiplies.
function pathItem(leaf, { product, links }) {
  const down = links.toReversed();
  const names = shortened([...down.map(([node]) => node.name), leaf.name], " ← ");
  const factors = [seed, ...down.map(([node, slot]) => node.partials[slot])];
  const text = shortened(factors.map((x) => formatNumber(x)), " × ");
  const item = element("li", { tabindex: 0 }, `${names}: ${text} = `, element("b", {}, formatNumber(product)));
  for (const begin of ["pointerenter", "focus"]) item.addEventListener(begin, () => light([links]));
  return item;
}

// Lights up paths, and what they have in common only once.
function light(paths) {
  for (const lit of picture.querySelectorAll(".path")) lit.classList.remove("path");
  picture.classList.toggle("traced", paths.length > 0);
  for (const [node, slot] of paths.flat()) {
    const { index } = node.inputs[slot];
    const parts = [...arrows[node.index][slot], ...chips[node.index][slot], ...shown[index].boxes, ...shown[node.index].boxes];
    for (const part of parts) part.classList.add("path");
  }
}

function showPaths() {
  const leaf = nodes[ofLeaf.value];
  pathPanel.hidden = ofLeaf.value === "" || isGuessing();
  if (pathPanel.hidden) return light([]);
  const { largest, many } = pathsOf(leaf);
  const all = largest.map(({ links }) => links);
  const rest = many - largest.length;
  const gradient = `∂${root.name}/∂${leaf.name}`;
  pathTitle.textContent = `${many === 1 ? "The only path" : `${many.toLocaleString("en")} paths`} from ${leaf.name} to ${root.name}`;
  const items = largest.map((path) => pathItem(leaf, path));
  const total = replay(allEvents)[leaf.index];
  if (rest > 0) {
    const left = formatNumber(largest.reduce((sum, { product }) => sum - product, total));
    items.push(element("li", { class: "rest" }, `The other ${rest.toLocaleString("en")} together: `, element("b", {}, left)));
  }
  pathList.replaceChildren(...items);
  const told = many > 1 ? "They add up to the gradient, and so each is added with +=: " : "Its product is the gradient: ";
  put(pathSum, [[told, ""], [gradient, "name"], [" = ", ""], [formatNumber(total), "result"]]);
  light(all);
  pathList.onpointerleave = pathList.onfocusout = () => light(all);
}

if (svg !== null && nodes.length > 1) {
  byId("whole").before(element("label", { class: "pick" }, "Paths of ", ofLeaf));
  ofLeaf.addEventListener("change", () => {
    showPaths();
    pathPanel.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    ofLeaf.value = "";
    showPaths();
  });
  for (const change of ["moved", "step"]) document.addEventListener(change, () => ofLeaf.value !== "" && showPaths());
}
