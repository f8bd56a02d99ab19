"use strict";

// What the theme leaves to do for those who use a keyboard or a screen reader.
for (const [where, label] of [["aside.sidebar-drawer", "All pages"], ["aside.toc-drawer", "On this page"]]) {
  document.querySelector(where)?.setAttribute("aria-label", label);
}
if (!document.querySelector("h1")) {
  const title = Object.assign(document.createElement("h1"), { textContent: "Search" });
  document.querySelector("[role=main]")?.prepend(title);
}
function reachable() { // what scrolls sideways can be scrolled by keys
  for (const block of document.querySelectorAll("pre, .math, .which, .table-wrapper, .cell_output .output, .live .out")) {
    if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
    else block.removeAttribute("tabindex");
  }
}
reachable();
addEventListener("resize", reachable);

// The stepper on the home page plays by itself once, when it is seen, unless motion is not wanted.
const hero = document.querySelector(".tag_hero iframe");
if (hero && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    setTimeout(() => hero.contentWindow.postMessage({ autograd: "play" }, "*"), 1000);
  }, { threshold: 0.25 });
  seen.observe(hero);
}

// The exercises that were solved are kept in this browser, and counted in the index of the lessons.
const STORED = "autograd: solved exercises";
const solvedNames = () => {
  try {
    return new Set(JSON.parse(localStorage.getItem(STORED) ?? "[]"));
  } catch {
    return new Set(); // a browser may refuse to store, and then nothing is kept
  }
};
function showProgress() {
  const names = solvedNames();
  for (const mark of document.querySelectorAll(".ask[data-name], .exercise-mark")) {
    mark.closest(".exercise")?.classList.toggle("solved", names.has(mark.dataset.name));
  }
  for (const cell of document.querySelectorAll(".progress[data-names]")) {
    const asked = cell.dataset.names.split(" ");
    const count = asked.filter((name) => names.has(name)).length;
    cell.textContent = `${count === asked.length ? "✓ " : ""}${count} / ${asked.length}`;
  }
}
window.solved = (name) => {
  try {
    localStorage.setItem(STORED, JSON.stringify([...solvedNames().add(name)]));
  } catch {
    return;
  }
  showProgress();
};
showProgress();

// Arrow keys step through the page that is in the middle of the window, without a click into it first.
const KEYS = ["ArrowLeft", "ArrowRight"];
addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!KEYS.includes(key) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (target.closest("input, textarea, select, [contenteditable], [tabindex]")) return;
  const off = (frame) => {
    const { top, bottom } = frame.getBoundingClientRect();
    return bottom < 0 || top > innerHeight ? Infinity : Math.max(0, top - innerHeight / 2, innerHeight / 2 - bottom);
  };
  const frames = [...document.querySelectorAll("iframe")].sort((a, b) => off(a) - off(b));
  if (frames.length === 0 || off(frames[0]) === Infinity) return;
  event.preventDefault();
  frames[0].contentWindow.postMessage({ autogradKey: key }, "*");
});
