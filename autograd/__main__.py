"""`python -m autograd "sin(x*y) + x**2" x=2 y=3`, `check module:f` or `doctor`."""

import sys

from autograd.cli.ending import run

if __name__ == "__main__":
    if sys.argv[1:2] == ["doctor"]:  # which must run where the rest cannot be imported
        from autograd.cli.doctor import main
    elif sys.argv[1:2] == ["check"]:
        from autograd.cli.checking import main
    else:
        from autograd.cli.command import main
    sys.exit(run(main, sys.argv[1:]))
