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
