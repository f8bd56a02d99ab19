"""The command line: `python -m autograd doctor`."""

import sys

from autograd import doctor

USAGE = "usage: python -m autograd doctor"


def main(arguments: list[str]) -> int:
    """Run the command in the arguments; its exit code, 2 if there is no such command."""
    if arguments == ["doctor"]:
        return doctor.main()
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
