"""`python -m autograd "sin(x*y) + x**2" x=2 y=3`, `play "w*x" w=1 x=2`, `check module:f`
or `doctor`."""

import sys

from autograd.cli.ending import run_command

if __name__ == "__main__":
    if sys.argv[1:2] == ["doctor"]:  # which must run where the rest cannot be imported
        from autograd.cli.doctor import examine as main
    elif sys.argv[1:2] == ["check"]:
        from autograd.cli.checking import check_function as main
    elif sys.argv[1:2] == ["play"]:
        from autograd.cli.playing import open_page as main
    else:
        from autograd.cli.command import calculate as main
    sys.exit(run_command(main, sys.argv[1:]))
