"use strict";

// A query that is dragged: its scores with three keys, their shares, and the mean of the values.
for (const box of document.querySelectorAll("div.attention")) {
  const [keys, values] = [box.dataset.keys, box.dataset.values].map((text) => JSON.parse(text));
  let query = JSON.parse(box.dataset.query);
  const [SIZE, REACH] = [280, 3]; // px of a side, and the largest number
  const at = ([x, y]) => [(SIZE / 2) * (1 + x / REACH), (SIZE / 2) * (1 - y / REACH)];
  const written = (x) => x.toFixed(2).replace("-", "−");
  box.innerHTML = `<svg viewBox="0 0 ${SIZE} ${SIZE}" width="${SIZE}" height="${SIZE}" role="img" aria-label="The query and the keys as arrows"></svg>
    <div><label>query, first number <input type="range" min="-3" max="3" step="0.05"></label>
    <label>query, second number <input type="range" min="-3" max="3" step="0.05"></label>
    <table><thead><tr><th>key</th><th>score</th><th>share</th><th>value</th></tr></thead><tbody></tbody></table><p role="status"></p></div>`;
  const svg = box.querySelector("svg");
  const sliders = [...box.querySelectorAll("input")];

  function show() {
    const scores = keys.map((key) => key.reduce((sum, x, i) => sum + x * query[i], 0) / Math.sqrt(query.length));
    const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
    const shares = powers.map((power) => power / powers.reduce((a, b) => a + b));
    const mixed = values[0].map((_, i) => shares.reduce((sum, share, k) => sum + share * values[k][i], 0));
    const arrow = (to, kind, text) => {
      const [x, y] = at(to);
      const [shift, anchor] = kind === "key" && to[0] < 0.5 ? [-20, "end"] : [9, "start"]; // beside the axis
      return `<line class="${kind}" x1="${SIZE / 2}" y1="${SIZE / 2}" x2="${x}" y2="${y}"/><circle class="${kind}" cx="${x}" cy="${y}" r="${kind === "query" ? 8 : 4}"/><text x="${x + shift}" y="${y - 6}" text-anchor="${anchor}">${text}</text>`;
    };
    svg.innerHTML = `<path class="axis" d="M0 ${SIZE / 2}H${SIZE}M${SIZE / 2} 0V${SIZE}"/>` + keys.map((key, k) => arrow(key, "key", `key ${k + 1}`)).join("") + arrow(query, "query", "query");
    box.querySelector("tbody").innerHTML = keys
      .map((key, k) => `<tr><td>${k + 1}: ${key.join(", ").replaceAll("-", "−")}</td><td>${written(scores[k])}</td><td><span class="share" style="width: ${(6 * shares[k]).toFixed(2)}em"></span> ${written(shares[k])}</td><td>${values[k].join(", ")}</td></tr>`)
      .join("");
    box.querySelector("[role=status]").textContent = `Result: ${mixed.map(written).join(", ")}`;
    sliders.forEach((slider, i) => (slider.value = query[i]));
  }
  function drag({ clientX, clientY }) {
    const { left, top, width } = svg.getBoundingClientRect();
    const within = (x) => Math.round(20 * Math.max(-REACH, Math.min(REACH, x))) / 20;
    query = [within(REACH * ((2 * (clientX - left)) / width - 1)), within(REACH * (1 - (2 * (clientY - top)) / width))];
    show();
  }
  svg.addEventListener("pointerdown", (event) => {
    svg.setPointerCapture(event.pointerId);
    drag(event);
  });
  svg.addEventListener("pointermove", (event) => event.buttons === 1 && drag(event));
  sliders.forEach((slider, i) => slider.addEventListener("input", () => {
    query[i] = Number(slider.value);
    show();
  }));
  show();
}
