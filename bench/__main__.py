"""`python -m bench [part...] [--quick] [--markdown]`: measure all parts, or those named.

`python -m bench soak [--minutes N]` works at a desk for half an hour instead: see `bench.soak`.
`python -m bench failure` breaks a cluster: see `bench.failure`.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import append, asof, giant, http, intake, loss, past, proving, rebuild, servers
from bench.machine import described
from bench.tables import Table
from service import memory

Part = Callable[[Path, bool], list[Table]]
PARTS: dict[str, Part] = {
    "append": append.run,
    "http": http.run,
    "servers": servers.run,
    "asof": asof.run,
    "past": past.run,
    "giant": giant.run,
    "rebuild": rebuild.run,
    "intake": intake.run,
    "loss": loss.run,
    "proofs": proving.run,
}


def main(arguments: list[str]) -> None:
    """Run the parts and print their tables."""
    options = _options(arguments)
    memory.settle()  # as the service does
    shown = Table.as_markdown if options.markdown else Table.as_text
    print(shown(described(options.folder)), flush=True)
    for name in options.parts or PARTS:
        begun = time.monotonic()
        for table in PARTS[name](options.folder, options.quick):
            print(shown(table), flush=True)
        print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the service beside its peers.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="part", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="seconds, to see that it works: the figures mean nothing")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="on the disk to measure")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    if sys.argv[1:2] == ["soak"]:
        from bench import soak

        sys.exit(soak.main(sys.argv[2:]))
    if sys.argv[1:2] == ["failure"]:  # not a part: it takes the machine for a quarter of an hour, and measures nothing
        from bench import failure

        sys.exit(failure.main(sys.argv[2:]))
    main(sys.argv[1:])
