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
  fill(byId("question"), [...known, [" → ", ""]]);
  highlight(event);
}

function parsed(text) {
  const [over, under = "1", more] = text.replaceAll("−", "-").replace(",", ".").split("/");
  const read = (part) => {
    const word = part.trim().toLowerCase().replace("∞", "inf").replace(/^([+-]?)inf$/, "$1Infinity");
    return word === "" ? undefined : word === "nan" ? NaN : Number(word);
  };
  const numbers = [read(over), read(under)];
  const wrong = numbers.some((x, k) => x === undefined || (Number.isNaN(x) && text.trim().toLowerCase() !== "nan" && k === 0));
  return more !== undefined || wrong ? undefined : numbers[0] / numbers[1];
}

const exactOf = (event) =>
  typeof event.exact === "number" ? event.exact : Number(event.exact.replace("inf", "Infinity"));

// A guess is right within half a percent.
function verdict(guess, exact) {
  if (Object.is(guess, exact) || Math.abs(guess - exact) <= 0.005 * Math.abs(exact)) return "";
  if (Math.abs(guess + exact) <= 0.005 * Math.abs(exact)) return "The sign is wrong.";
  const off = Math.abs(guess - exact);
  if (!Number.isFinite(off)) return "Not yet.";
  return `Too ${guess > exact ? "high" : "low"} by ${Number(off.toPrecision(3))}.`;
}

byId("guess").addEventListener("submit", (submitted) => {
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
  (byId("ask").hidden ? byId("guessing") : answer).focus();
});
document.addEventListener("step", () => {
  byId("verdict").textContent = "";
  ask();
});
byId("guessing").addEventListener("change", () => {
  ask();
  if (!byId("ask").hidden) answer.focus();
  else if (!byId("guessing").checked) highlight(data.events[shownAt - 1]);
  else byId("verdict").textContent = "It will ask before each step of the backward pass.";
});
byId("guess").hidden = false;
