"""The command line: `python -m demos [NAME] [--quick] [--out DIR] [--seed N]`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

MAIN = "digits"
DEMOS = {
    "digits": "read handwritten digits it has never seen, 95 % or more correctly",
    "moons": "draw the boundary between two half-moons",
    "regression": "gradient descent in four stages, with the engine and by hand",
    "gradients": "why gradients vanish and explode, and what helps",
    "speech": "tell nine speakers apart by their vowels, 95 % or more correctly",
    "sweep": "learning rate against width: a map of many trainings, on all cores",
    "gpt": "a GPT in scalars invents first names, compiled for each length",
    "names": "invent first names, one letter after another",
}
LISTING = "\n".join(["demos:", *[f"  {name:<12}{what}" for name, what in DEMOS.items()]])
ENDED_BY_CTRL_C = 130  # what a shell reports for a program ended by Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo that the arguments name, and return the exit code.

    Raises:
        SystemExit: code 2 for wrong arguments, 0 after --help.
    """
    parser = _argument_parser()
    arguments = parser.parse_args(argv)
    if arguments.name is not None and arguments.name not in DEMOS:
        parser.error(_unknown(arguments.name))
    if not arguments.list:
        _make_folder(arguments.out, parser)
    try:
        _run_demo(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return ENDED_BY_CTRL_C
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        print(f"{package} is not installed: pip install -e '.[demos]'", file=sys.stderr)
        return 1
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # the reader, such as `head`, has ended
            print(f"python -m demos: {error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _run_demo(arguments: argparse.Namespace) -> None:
    if arguments.list:
        print(LISTING)
        return
    if arguments.name is None:
        print(f"{LISTING}\n\nThe main one, {MAIN}, runs now.\n")
    if arguments.quick:
        print("A short run: fewer steps than in the full one, and poorer results.\n")
    demo = importlib.import_module(f"demos.{arguments.name or MAIN}")
    demo.run(arguments.out, arguments.quick, arguments.seed)


def _make_folder(out: Path, parser: argparse.ArgumentParser) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()  # OSError if the folder cannot be written to
    except (FileExistsError, NotADirectoryError):
        parser.error(f"--out {out}: a file is there, not a folder; choose another folder")
    except OSError as error:
        parser.error(f"--out {out}: {error.strerror}; choose another folder")


def _argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demos",
        description="Train something small with scalar-autograd and look at the result.",
        epilog=LISTING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help=f"a demo; {MAIN} if omitted")
    parser.add_argument("--list", action="store_true", help="list the demos and end")
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("demos-output"),
        metavar="DIR",
        help="the folder for pictures and models (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=_seed,
        default=0,
        metavar="N",
        help="the same seed, the same run (default: 0)",
    )
    return parser


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"must be a whole number below 2**31, got {text!r}")
    return int(text)


def _unknown(name: str) -> str:
    close = get_close_matches(name.lower(), DEMOS, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"there is no demo {name!r}{hint}\n{LISTING}"


if __name__ == "__main__":
    sys.exit(main())
