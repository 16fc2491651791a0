"""The peers that are published for Node: `package-lock.json` says which, npm installs them here when they are needed.

Node and npm themselves are of a dependency group of their own, `node`, which `make bench` installs.
"""

import subprocess
import sys
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent


@cache
def packages() -> Path:
    """Return the folder of the installed packages, installed now where they are missing or not those of the lock."""
    folder, lock = HERE / "node_modules", HERE / "package-lock.json"
    done = folder / ".lock-of-bench"
    if not done.exists() or done.read_bytes() != lock.read_bytes():
        subprocess.run([PROGRAMS / "npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=HERE, check=True)
        done.write_bytes(lock.read_bytes())
    return folder


def script(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a script of this folder."""
    packages()
    return [str(PROGRAMS / "node"), str(HERE / name), *arguments]
