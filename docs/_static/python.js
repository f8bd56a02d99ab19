"use strict";

// Python in a worker, so that no cell stops the page: it answers each {code} by {said, shown}.
const base = new URL("python/", self.location.href).href;
const RUN = `
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
`;

async function start() {
  const library = await fetch(base + "library.zip");
  if (!library.ok) throw new Error("this site was built without it. Copy the code into a notebook, or run `python -m docs` where npm is installed.");
  const { loadPyodide } = await import(base + "pyodide.mjs");
  const python = await loadPyodide({ indexURL: base });
  python.unpackArchive(await library.arrayBuffer(), "zip");
  python.runPython(RUN + "import autograd, nn");
  return python.globals.get("run");
}

const ready = start();
ready.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: error.message }));
addEventListener("message", async ({ data }) => {
  const run = await ready;
  const begin = performance.now();
  const [said, shown] = run(data.code);
  postMessage({ said, shown, ms: Math.round(performance.now() - begin) });
});
