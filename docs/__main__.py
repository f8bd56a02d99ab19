"""`python -m docs` builds the site into docs/_build/html; `python -m docs serve` shows it."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE / "_build"
HTML = BUILD / "html"


class Handler(SimpleHTTPRequestHandler):
    """Serves files with the types that browsers want of scripts, and says nothing."""

    extensions_map = {  # noqa: RUF012
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: object) -> None:
        """Nothing."""


def server(port: int, folder: Path = HTML) -> ThreadingHTTPServer:
    """Serve the folder of the site to this machine alone; port 0 takes a free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(folder)))


def build(live: bool) -> int:
    """Build the site from nothing, and return Sphinx's exit code.

    Warnings are errors, and so is a cell that fails. Without `live` the pages have no
    Python of their own, and nothing is downloaded.
    """
    try:
        from sphinx.cmd.build import build_main
    except ModuleNotFoundError:
        print("Sphinx is not installed: pip install -e '.[docs]'", file=sys.stderr)
        return 1
    for folder in ("doctrees", "html"):
        shutil.rmtree(BUILD / folder, ignore_errors=True)
    options = ["--fail-on-warning", "--keep-going", "--nitpicky", "--jobs=auto", "--quiet"]
    options += [f"--define=live_python={int(live)}", f"--doctree-dir={BUILD / 'doctrees'}"]
    code: int = build_main([*options, "--builder=html", str(HERE), str(HTML)])
    if code == 0:
        print(f"built: {HTML / 'index.html'}")
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs", description=__doc__)
    parser.add_argument("do", nargs="?", choices=["build", "serve"], default="build")
    parser.add_argument("--port", type=int, default=8000, help="of serve (default: 8000)")
    parser.add_argument(
        "--no-live",
        action="store_true",
        help="without Python in the pages, for which build downloads 6 MB with npm once",
    )
    arguments = parser.parse_args(argv)
    if arguments.do == "build":
        return build(live=not arguments.no_live)
    if not (HTML / "index.html").exists():
        parser.error("nothing is built yet: run python -m docs first")
    with server(arguments.port) as serving:
        print(f"http://127.0.0.1:{serving.server_port}/  (Ctrl-C ends)", flush=True)
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
