"""The verifier as one file, which runs away from this project: `python -m proofs.single > onrecord_verify.py`.

Law: what the file does is what these modules do. It is they, one behind the other, without what they import of each
other.
"""

import re
import sys
from importlib import import_module
from inspect import getsource

MODULES = ("tree", "note", "checkpoint", "bundle", "walk", "verifying", "alone")
"""In an order in which each needs those before it only."""
OWN = re.compile(r"^from proofs\..* import .*\n", re.MULTILINE)
HEAD = '''#!/usr/bin/env python3
"""Verify bundles of On Record: needs Python 3.11 and `cryptography`, and nothing else."""

'''


def source() -> str:
    """Return the text of the file."""
    return HEAD + "\n\n".join(_body(name) for name in MODULES)


def _body(name: str) -> str:
    return OWN.sub("", getsource(import_module(f"proofs.{name}")))


if __name__ == "__main__":
    sys.stdout.write(source())
