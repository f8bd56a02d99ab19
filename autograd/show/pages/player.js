"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const filled = (made, attributes, children) => {
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, typeof value === "number" ? Math.round(value * 10) / 10 : value);
  }
  made.append(...children);
  return made;
};
const element = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);
const shape = (name, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
// A colour of the page as red, green and blue.
function rgb(name) {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}
// A canvas with a pixel a cell, row by row from the bottom.
function pixels(cells, columns, colourOf, made = element("canvas")) {
  const rows = cells.length / columns;
  const image = new ImageData(columns, rows);
  const at = (i) => 4 * ((rows - 1 - Math.floor(i / columns)) * columns + (i % columns));
  cells.forEach((cell, i) => image.data.set(colourOf(cell), at(i)));
  [made.width, made.height] = [columns, rows];
  made.getContext("2d").putImageData(image, 0, 0);
  return made;
}
const rectOf = (element) => element.getBoundingClientRect();
const POINT = matchMedia("(hover: none)").matches ? "Tap" : "Point at";

// A notebook shows the page in a frame, which is made as high as the page.
if (self !== top) {
  document.documentElement.classList.add("framed");
  const tell = () => parent.postMessage({ autograd: Math.ceil(rectOf(document.documentElement).height) }, "*");
  new ResizeObserver(tell).observe(document.body); // out of sight, browsers observe nothing:
  window.addEventListener("load", tell);
}

// The page around a frame hands on the keys that are pressed there.
window.addEventListener("message", ({ data: asked }) => {
  if (typeof asked?.autogradKey !== "string") return;
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: asked.autogradKey, bubbles: true }));
});

// Writes what is shown into the address, and behind it what else a page has to tell. Browsers refuse many changes of it in a short time.
let linking = 0;
let linkEnd = "";
function link(hash) {
  if (location.protocol === "about:") return;
  clearTimeout(linking);
  linking = setTimeout(() => history.replaceState(null, "", hash + linkEnd), 200);
}

// The player of every page. It holds a position among the stops, whose names in links and
// in the table are data.keys; show(position) makes the page show it.
function player(show, say) {
  const last = data.keys.length - 1;
  const [slider, counter, play, speed] = ["slider", "counter", "play", "speed"].map(byId);
  const rows = data.keys.map((key) => byId("row-" + key));
  let position = -1;
  let timer = 0;

  function go(to) {
    to = Math.min(last, Math.max(0, to));
    if (to === position) return;
    rows[position]?.removeAttribute("aria-current");
    position = to;
    rows[position]?.setAttribute("aria-current", "step");
    show(position);
    slider.value = position;
    slider.setAttribute("aria-valuetext", say(position));
    counter.textContent = `${data.keys[position]} / ${data.keys[last]}`;
    byId("first").disabled = byId("back").disabled = position === 0;
    byId("next").disabled = byId("last").disabled = position === last;
    link("#" + data.keys[position]);
  }

  function tick() {
    go(position + 1);
    if (position === last) pause();
    else timer = setTimeout(tick, data.delay / Number(speed.value));
  }

  function start() {
    document.body.classList.add("playing");
    byId("now").setAttribute("aria-live", "off");
    play.setAttribute("aria-label", "Pause");
    if (position === last) go(0);
    timer = setTimeout(tick, data.delay / Number(speed.value));
  }

  function pause() {
    clearTimeout(timer);
    document.body.classList.remove("playing");
    byId("now").setAttribute("aria-live", "polite");
    play.setAttribute("aria-label", "Play");
  }

  const playing = () => document.body.classList.contains("playing");
  const step = (to) => {
    pause();
    go(to());
  };
  const actions = {
    Home: () => 0,
    PageUp: () => position - 10,
    ArrowLeft: () => position - 1,
    ArrowRight: () => position + 1,
    PageDown: () => position + 10,
    End: () => last,
  };
  const toggle = () => (playing() ? pause() : start());

  const buttons = { first: "Home", back: "ArrowLeft", next: "ArrowRight", last: "End" };
  for (const [id, key] of Object.entries(buttons)) {
    byId(id).addEventListener("click", () => step(actions[key]));
  }
  play.addEventListener("click", toggle);
  slider.addEventListener("input", () => step(() => Number(slider.value)));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.target.matches("input:not([type=range], [type=checkbox]), select")) return;
    if (event.key === " " && !event.target.matches("button, a, summary, input")) toggle();
    else if (event.key in actions) step(actions[event.key]);
    else return;
    event.preventDefault();
  });

  function find(key) {
    const stop = data.keys.findLastIndex((other) => other <= key);
    return stop < 0 ? 0 : stop;
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link === null) return;
    event.preventDefault(); // a frame without an address of its own would be left
    step(() => find(Number(link.hash.slice(1))));
  });
  const linked = ({ hash }) => (/^#\d+(;|$)/.test(hash) ? find(parseInt(hash.slice(1))) : null);
  window.addEventListener("hashchange", ({ newURL }) => step(() => linked(new URL(newURL)) ?? position));

  // The page around a frame may ask it to play, once it is seen.
  window.addEventListener("message", ({ data: asked }) => {
    if (asked?.autograd === "play" && position === 0 && !playing()) start();
  });

  byId("controls").hidden = false;
  go(linked(location) ?? data.start);
  return { next: () => step(actions.ArrowRight), last: () => step(actions.End), show: () => show(position) };
}
