// Guess mode: before a step of the backward pass the learner may say what it will give.
const answer = byId("answer");
const score = { right: 0, asked: 0, tried: false };

const upcoming = () => {
  const event = data.events[shownAt];
  return event?.kind === "backward" ? event : undefined;
};

function ask() {
  const event = upcoming();
  const asking = byId("guessing").checked && event !== undefined;
  byId("ask").hidden = !asking;
  score.tried = false;
  answer.value = "";
  if (!asking) return;
  const known = event.sum.slice(0, event.sum.findLastIndex(([, role]) => role === "local") + 1);
  fill(byId("sum"), [...known, [" → ", ""], ["?", "result"]]);
  byId("words").textContent = event.uses > 1 ? `Before this step it is ${event.before}.` : "";
  byId("question").textContent = `${event.sum[0][0]} will be`;
  highlight(event);
}

// A decimal number, a fraction, inf or nan; undefined if it is none of them.
function parsed(text) {
  const word = text.trim().toLowerCase().replaceAll("−", "-").replace("∞", "inf");
  if (word === "nan") return NaN;
  const number = String.raw`[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?`;
  const found = word.match(`^(${number}|[+-]?inf)(?:\\s*/\\s*(${number}))?$`);
  if (found === null) return undefined;
  const [over, under] = [found[1], found[2] ?? "1"].map(read);
  return over / under;
}
const read = (word) => Number(word.replace(",", ".").replace("inf", "Infinity"));

const exactOf = (event) =>
  typeof event.exact === "number" ? event.exact : read(event.exact);

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
  const guess = parsed(answer.value);
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
  if (wrong === "") controls.next();
  byId("verdict").textContent = wrong === "" ? `Right: ${event.text}.` : wrong;
  if (byId("ask").hidden) byId("guessing").focus();
});
document.addEventListener("step", () => {
  byId("verdict").textContent = "";
  ask();
});
byId("guessing").addEventListener("change", () => {
  controls.show();
  if (!byId("ask").hidden) answer.focus();
  else if (byId("guessing").checked) {
    byId("words").textContent += " You will be asked before each step of the backward pass.";
  }
});
byId("guess").hidden = false;
