"use strict";

// Each block of class "live" becomes an editor. All of a page share one Python, which runs in a
// worker (python.js) and is loaded while the reader reads.
(() => {
  const HELP = "Python cannot start here: ";
  const LIMIT = 120; // seconds
  const script = new URL("python.js", document.currentScript.src);
  const TOKENS = /(#.*)|("""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)|\b(and|as|assert|break|class|continue|def|del|elif|else|except|False|finally|for|from|if|import|in|is|lambda|None|not|or|pass|raise|return|self|True|try|while|with|yield)\b|\b(\d[\d_.]*(?:e[-+]?\d+)?)/g;
  const KINDS = ["comment", "string", "keyword", "number"];

  let worker = null;
  let loading = null;
  function python() {
    loading ??= new Promise((resolve, reject) => {
      if (location.protocol === "file:") throw new Error("the page is a file. Run `python -m docs serve`, and open it there.");
      worker = new Worker(script, { type: "module" });
      worker.onmessage = ({ data }) => (data.failed === undefined ? resolve() : reject(new Error(data.failed)));
      worker.onerror = () => reject(new Error("the browser could not load it."));
    });
    return loading;
  }
  function stop() {
    worker?.terminate();
    worker = loading = null;
  }

  // The code as HTML, a span of a class for each comment, string, keyword and number.
  function highlighted(code) {
    const safe = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    let html = "";
    let end = 0;
    for (const match of code.matchAll(TOKENS)) {
      const kind = KINDS[match.slice(1).findIndex((part) => part !== undefined)];
      html += `${safe(code.slice(end, match.index))}<span class="${kind}">${safe(match[0])}</span>`;
      end = match.index + match[0].length;
    }
    return html + safe(code.slice(end));
  }

  // Tab indents the selected lines by four spaces, Shift and Tab takes them back.
  function indent(area, back) {
    const begin = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
    const lines = area.value.slice(begin, area.selectionEnd);
    if (!back && area.selectionStart === area.selectionEnd) {
      area.setRangeText("    ", area.selectionStart, area.selectionEnd, "end");
      return;
    }
    const moved = back ? lines.replace(/^ {1,4}/gm, "") : lines.replace(/^/gm, "    ");
    area.setRangeText(moved, begin, area.selectionEnd, "select");
  }

  function editor(block) {
    const code = block.querySelector("pre").textContent.trimEnd();
    block.innerHTML = `<div class="editor"><pre aria-hidden="true"></pre><textarea spellcheck="false" autocapitalize="off" wrap="off" aria-label="Python to change and run. Escape and then Tab leaves the editor."></textarea></div>
      <div class="bar"><button type="button" class="run">Run</button> <button type="button" class="stop" hidden>Stop</button> <button type="button" class="reset">Reset</button> <span role="status"></span></div><div class="out"></div>`;
    const [area, colours, button, stopper, reset, status, out] = ["textarea", "pre", ".run", ".stop", ".reset", "span[role]", ".out"].map((name) => block.querySelector(name));
    let leaving = false;

    function write() {
      area.rows = area.value.split("\n").length + 1;
      colours.innerHTML = highlighted(area.value) + "\n\n";
      reset.hidden = area.value === code;
    }
    function busy(is) {
      button.disabled = is;
      stopper.hidden = !is;
    }
    function halt(reason) {
      stop();
      busy(false);
      status.textContent = `${reason} Python starts anew: run what comes before again.`;
    }
    async function run() {
      busy(true);
      status.textContent = worker ? "" : "Python is starting; the first time that takes some seconds …";
      try {
        await python();
      } catch (error) {
        stop();
        busy(false);
        status.textContent = HELP + error.message;
        return;
      }
      if (button.disabled === false) return; // it was stopped while it was loading
      status.textContent = "Running …";
      const timer = setTimeout(() => halt(`Stopped after ${LIMIT} s.`), 1000 * LIMIT);
      stopper.onclick = () => { clearTimeout(timer); halt("Stopped."); };
      worker.onmessage = ({ data }) => {
        clearTimeout(timer);
        busy(false);
        out.innerHTML = (data.said && `<pre>${data.said}</pre>`) + data.shown;
        const checked = area.value.match(/check\("([\w-]+)"[^]*$/);
        if (checked !== null && /^\s*✓/.test(out.textContent)) window.solved(checked[1]);
        dispatchEvent(new Event("resize")); // see site.js
        status.textContent = `Done in ${data.ms} ms.`;
      };
      worker.postMessage({ code: area.value });
    }

    area.value = code;
    write();
    button.addEventListener("click", run);
    stopper.onclick = () => halt("Stopped.");
    reset.addEventListener("click", () => { area.value = code; out.innerHTML = status.textContent = ""; write(); });
    area.addEventListener("input", write);
    area.addEventListener("scroll", () => { colours.scrollLeft = area.scrollLeft; colours.scrollTop = area.scrollTop; });
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey && !button.disabled) { event.preventDefault(); run(); }
      if (event.key === "Tab" && !leaving) { event.preventDefault(); indent(area, event.shiftKey); write(); }
      leaving = event.key === "Escape" || (leaving && event.key === "Shift");
    });
  }

  const blocks = [...document.querySelectorAll("div.live.docutils")];
  blocks.forEach(editor);
  if (blocks.length > 0 && location.protocol !== "file:" && !navigator.connection?.saveData) {
    setTimeout(() => python().catch(stop), 1500); // what failed is told when a cell is run
  }
})();
