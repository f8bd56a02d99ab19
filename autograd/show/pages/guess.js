// Guess mode: before a step of the backward pass the learner may say what it will give, and
// before that, on the second level, what the local derivative is.
const answer = byId("answer");
const score = { right: 0, asked: 0, tried: false, local: false }; // local: known by now
const asksLocal = () => byId("level").value === "local" && !score.local;

const upcoming = () => {
  const event = events[shownAt];
  return event?.kind === "backward" ? event : undefined;
};

function ask() {
  const event = upcoming();
  const asking = byId("guessing").checked && event !== undefined;
  byId("ask").hidden = !asking;
  const hides = isGuessing();
  document.body.classList.toggle("guessing", hides);
  events.forEach(({ kind }, k) => (byId(`row-${data.keys[k + 1]}`).hidden = hides && k >= shownAt && kind === "backward"));
  score.tried = false;
  answer.value = "";
  if (!asking) return;
  const sum = parts(event);
  const local = sum.findLastIndex(([, role]) => role === "local");
  const known = asksLocal() ? [...sum.slice(0, local), ["?", "local"]] : sum.slice(0, local + 1);
  put(byId("sum"), [...known, [" → ", ""], ["?", "result"]]);
  byId("words").textContent = event.uses > 1 ? `Before this step it is ${formatNumber(event.before)}.` : "";
  const name = sum.find(([, role]) => role === "local")[0];
  byId("question").textContent = asksLocal() ? `${name} is` : `${sum[0][0]} will be`;
  highlight(event, false);
  for (const arrow of arrows[event.node.index][event.slot]) arrow.classList.toggle("asked", asksLocal());
}

const exactOf = (event) => (asksLocal() ? event.local : event.after);

// A guess is right within half a percent.
function verdict(guess, exact) {
  const near = (x) => Object.is(x, exact) || Math.abs(x - exact) <= 0.005 * Math.abs(exact);
  if (Number.isFinite(exact) ? near(guess) : Object.is(guess, exact)) return "";
  if (Number.isFinite(exact) && near(-guess)) return "The sign is wrong.";
  const off = Math.abs(guess - exact);
  if (!Number.isFinite(off)) return "Not yet.";
  return `Too ${guess > exact ? "high" : "low"} by ${Number(off.toPrecision(3))}.`;
}

byId("ask").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const event = upcoming();
  const guess = parseNumber(answer.value);
  if (guess === undefined) {
    byId("verdict").textContent = "Type a number, such as -1.5 or 1/3.";
    return;
  }
  const wrong = verdict(guess, exactOf(event));
  if (!score.tried) {
    score.tried = true;
    score.asked += 1;
    score.right += wrong === "" ? 1 : 0;
    byId("score").textContent = `${score.right} of ${score.asked} at first try`;
  }
  const text = asksLocal() ? localText(event) : formatNumber(event.after);
  if (wrong === "" && asksLocal()) {
    score.local = true;
    ask();
  } else if (wrong === "") controls.next();
  byId("verdict").textContent = wrong === "" ? `Right: ${text}.` : wrong;
  if (byId("ask").hidden) byId("guessing").focus();
});
document.addEventListener("step", () => {
  byId("verdict").textContent = "";
  score.local = false;
  ask();
});
byId("level").addEventListener("change", () => controls.show());
byId("guessing").addEventListener("change", () => {
  controls.show();
  if (!byId("ask").hidden) answer.focus();
  else if (byId("guessing").checked) {
    byId("words").textContent += " You will be asked before each step of the backward pass.";
  }
});
byId("guess").hidden = false;
