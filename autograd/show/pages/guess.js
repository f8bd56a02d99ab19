// Guess mode: before a step the learner may say what it will give: of the backward pass, of its
// local derivatives too, or of the forward pass too.
const answer = byId("answer");
const outcomes = new Map(); // by question, how it was answered at first: "right", "wrong", "hint", "shown"
let localKnown = false; // of the coming step
const linkedScore = /;(\d+)\/(\d+)$/.exec(location.hash); // of a link, [, right, all]
const asksLocal = () => byId("level").value === "local" && !localKnown;
const asksForward = () => byId("level").value === "forward";

const upcoming = () => {
  const event = events[shownAt];
  const asked = event?.kind === "backward" || (event?.kind === "forward" && asksForward() && event.node.op !== null);
  return asked ? event : undefined;
};

function ask() {
  const event = upcoming();
  const asking = byId("guessing").checked && event !== undefined;
  byId("ask").hidden = !asking;
  byId("levels").hidden = !byId("guessing").checked;
  const hides = isGuessing();
  document.body.classList.toggle("guessing", hides);
  document.body.classList.toggle("untold", hides && asksForward());
  events.forEach(({ kind }, k) => (byId(`row-${data.keys[k + 1]}`).hidden = hides && k >= shownAt && (kind === "backward" || asksForward())));
  answer.value = "";
  summarize();
  if (!asking) return;
  const { question, known, before } = asked(event);
  put(byId("sum"), [...known, ["?", "result"]]);
  byId("words").textContent = before;
  byId("question").textContent = question;
  highlight(event, false);
  for (const arrow of arrows[event.node.index][event.slot] ?? []) arrow.classList.toggle("asked", asksLocal());
}

// The question of a step, the part of its arithmetic that is known, and what to know besides.
function asked(event) {
  const sum = parts(event);
  if (event.kind === "forward") {
    return { question: `${event.node.name} will be`, known: [sum[0], [` = ${event.node.made} → `, ""]], before: "" };
  }
  const local = sum.findLastIndex(([, role]) => role === "local");
  const known = asksLocal() ? [...sum.slice(0, local), ["?", "local"]] : sum.slice(0, local + 1);
  const [name] = sum.find(([, role]) => role === "local");
  const before = event.uses > 1 ? `Before this step it is ${formatNumber(event.before)}.` : "";
  return { question: asksLocal() ? `${name} is` : `${sum[0][0]} will be`, known: [...known, [" → ", ""]], before };
}

// A hint, without the answer.
function hintOf({ kind, node, target, slot, use, upstream, local, before }) {
  if (kind === "forward") return `Compute ${inSum(fill(node.blanks))}.`;
  if (asksLocal() && node.rules[slot]) return `It is ${node.rules[slot]}.`;
  if (asksLocal()) return `${node.name} = ${node.made}: how far does it move for each 1 that ${target.name} moves?`;
  const rest = use > 1 ? `, and add that to ${formatNumber(before)}` : "";
  return `Multiply what arrived at ${node.name}, ${formatNumber(upstream)}, by the local derivative, ${formatNumber(local)}${rest}.`;
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

const count = (outcome) => [...outcomes.values()].filter((each) => each === outcome).length;

// How the question was answered, if it is the first time.
function note(outcome) {
  const question = `${shownAt + 1}${asksLocal() ? " local" : ""}`;
  if (!outcomes.has(question)) outcomes.set(question, outcome);
  byId("score").textContent = `${count("right")} of ${outcomes.size} at first try`;
  linkEnd = `;${count("right")}/${outcomes.size}`;
  link(`#${data.keys[shownAt]}`);
}

// At the end: how it went, and which steps to look at again.
function summarize() {
  const summary = byId("summary");
  const fresh = outcomes.size > 0;
  summary.hidden = !(fresh ? byId("guessing").checked && shownAt === events.length : linkedScore);
  if (summary.hidden) return;
  const [right, all] = fresh ? [count("right"), outcomes.size] : linkedScore.slice(1);
  summary.replaceChildren(fresh ? `You answered ${right} of ${all} at first try` : `The link tells of ${right} of ${all} answered at first try.`);
  if (!fresh) return;
  for (const [outcome, words] of [["wrong", "after another"], ["hint", "after a hint"], ["shown", "shown to you"]]) {
    if (count(outcome) > 0) summary.append(`, ${count(outcome)} ${words}`);
  }
  const missed = [...new Set([...outcomes].flatMap(([question, outcome]) => (outcome === "right" ? [] : [parseInt(question)])))];
  summary.append(missed.length > 0 ? ". Look again at " : ".");
  missed.sort((a, b) => a - b).forEach((step, k) => summary.append(k > 0 ? ", " : "", element("a", { href: `#${step}` }, `step ${step}`)));
  if (missed.length > 0) summary.append(".");
}

// Goes on from a question that is answered, with these words.
function goOn(event, words) {
  const text = `${words} ${asksLocal() ? localText(event) : formatNumber(event.after)}.`;
  if (asksLocal()) {
    localKnown = true;
    ask();
  } else controls.next();
  byId("verdict").textContent = text;
  if (byId("ask").hidden) byId("guessing").focus();
  else answer.focus();
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
  note(wrong === "" ? "right" : "wrong");
  if (wrong === "") goOn(event, "Right:");
  else byId("verdict").textContent = wrong;
});
byId("hint").addEventListener("click", () => {
  note("hint");
  byId("verdict").textContent = hintOf(upcoming());
  answer.focus();
});
byId("reveal").addEventListener("click", () => {
  note("shown");
  goOn(upcoming(), "It is");
});
document.addEventListener("step", () => {
  byId("verdict").textContent = "";
  localKnown = false;
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
summarize();
