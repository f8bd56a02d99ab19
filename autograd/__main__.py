"""`python -m autograd "sin(x*y) + x**2" x=2 y=3`; the work is done in `command.py`."""

import sys

from autograd.command import main

if __name__ == "__main__":
    sys.exit(main())
