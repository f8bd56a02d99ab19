"use strict";

// Python in the page: each block of class "live" becomes an editor. All of a page share one
// Python, which starts at the first run.
(() => {
  const base = new URL("python/", document.currentScript.src).href;
  const HELP = "Python cannot start here: ";
  let ready;

  async function start() {
    if (location.protocol === "file:") throw new Error("the page is a file. Run `python -m docs serve`, and open it there.");
    const library = await fetch(base + "library.zip");
    if (!library.ok) throw new Error("this site was built without it. Copy the code into a notebook, or run `python -m docs` where npm is installed.");
    const { loadPyodide } = await import(base + "pyodide.mjs");
    const python = await loadPyodide({ indexURL: base });
    python.unpackArchive(await library.arrayBuffer(), "zip");
    python.runPython(`
import ast, contextlib, html, io, traceback
space = {"__name__": "__main__"}
def run(code):
    out, shown = io.StringIO(), ""
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            tree, last = ast.parse(code), None
            if tree.body and isinstance(tree.body[-1], ast.Expr):
                last = ast.Expression(tree.body.pop().value)
            exec(compile(tree, "your code", "exec"), space)
            value = eval(compile(last, "your code", "eval"), space) if last else None
            if hasattr(value, "_repr_mimebundle_"):
                shown = value._repr_mimebundle_().get("text/html", "")
            elif hasattr(value, "_repr_html_"):
                shown = value._repr_html_()
            elif value is not None:
                print(repr(value))
        except BaseException as error:
            at = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == "your code"]
            print(*[f"line {n}, " for n in at[-1:]], type(error).__name__, ": ", error, sep="")
    return html.escape(out.getvalue()), shown
`);
    return python;
  }

  for (const block of document.querySelectorAll("div.live.docutils")) {
    const code = block.querySelector("pre").textContent.trimEnd();
    block.innerHTML = '<textarea spellcheck="false" autocapitalize="off" aria-label="Python to change and run"></textarea><div class="bar"><button type="button">Run</button> <span role="status"></span></div><div class="out"></div>';
    const [area, button, status, out] = ["textarea", "button", "span", ".out"].map((what) => block.querySelector(what));
    const fit = () => { area.rows = area.value.split("\n").length + 1; };
    area.value = code;
    fit();
    const run = async () => {
      button.disabled = true;
      status.textContent = ready ? "" : "Python is starting; the first time that takes some seconds …";
      try {
        ready ??= start();
        const python = await ready;
        status.textContent = "Running …";
        await new Promise((done) => setTimeout(done)); // so that this is seen
        const begin = performance.now();
        const [said, shown] = python.globals.get("run")(area.value);
        out.innerHTML = (said && `<pre>${said}</pre>`) + shown;
        dispatchEvent(new Event("resize")); // see site.js
        status.textContent = `Done in ${Math.round(performance.now() - begin)} ms.`;
      } catch (error) {
        ready = undefined;
        status.textContent = HELP + error.message;
      }
      button.disabled = false;
    };
    button.addEventListener("click", run);
    area.addEventListener("input", fit);
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) { event.preventDefault(); run(); }
    });
  }
})();
