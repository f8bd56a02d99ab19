"""Make the environments that are missing; pip's own settings say where from."""

import shutil
import subprocess
import sys
import venv

from tests.benchmarks.peers import ENVIRONMENTS, PACKAGES, interpreter


def main() -> int:
    ENVIRONMENTS.mkdir(exist_ok=True)
    (ENVIRONMENTS / ".gitignore").write_text("*\n", "utf-8")
    for peer, packages in PACKAGES.items():
        if interpreter(peer).exists():
            print(f"{peer}: there already")
            continue
        print(f"{peer}: installing {' '.join(packages)} in {ENVIRONMENTS / peer}")
        try:
            venv.create(ENVIRONMENTS / peer, with_pip=True)
            subprocess.run([interpreter(peer), "-m", "pip", "install", *packages], check=True)
        except BaseException as error:
            shutil.rmtree(ENVIRONMENTS / peer)  # half an environment would count as one
            if not isinstance(error, subprocess.CalledProcessError):
                raise
            return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
