"use strict";

// The value of a sum, product or quotient of numbers such as "1/2" or "2*(3 - 1)"; else NaN.
function number(text) {
  if (!/^[-+*/().\d\se]+$/.test(text) || /[a-z]{2}|\be/.test(text)) return NaN;
  try {
    return Number(Function(`"use strict"; return (${text});`)());
  } catch {
    return NaN;
  }
}

// A field for the answer to an exercise; what it replies is in the page, computed at build.
for (const form of document.querySelectorAll("form.ask")) {
  const ask = JSON.parse(form.dataset.ask);
  const make = (name, fields, ...children) => {
    const made = Object.assign(document.createElement(name), fields);
    made.append(...children);
    return made;
  };
  const field = ask.options
    ? make("select", {}, ...["", ...ask.options].map((text) => make("option", { textContent: text })))
    : make("input", { inputMode: "text", size: 10, title: "A number, or a formula such as 1/2", autocomplete: "off" });
  const reply = make("output");
  form.append(make("label", { textContent: "Your answer " }, field), make("button", { textContent: "Check" }), reply);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim().replace("−", "-").replace(",", ".");
    let answered;
    if (ask.options) answered = ask.replies.find(([answer]) => answer === text);
    else if (Number.isNaN(number(text))) answered = [0, 0, false, ask.nothing];
    else {
      const x = number(text);
      answered = ask.replies.find(([answer, off]) => Math.abs(x - answer) <= off) ?? [0, 0, false, x > ask.replies[0][0] ? ask.high : ask.low];
    }
    const [right, sentence] = (answered ?? [0, 0, false, ask.nothing]).slice(-2);
    reply.textContent = `${right ? "✓" : "✗"} ${sentence}`;
    reply.className = right ? "right" : "wrong";
    if (right) window.solved(form.dataset.name);
  });
}
