"""Memory: what was loaded at the start stays, and is not looked at again by the collector.

The libraries and their tables are some hundred thousand objects that live as long as the process. Looking at them again
and again took up to half of the time of a rebuild; what the service makes is freed by its last reference, as a rule.
"""

import gc

from domain.units import check_unit

THRESHOLD = 50_000
"""Objects that are made, and not freed, between two looks at the young ones."""


def settle() -> None:
    """Set aside what is loaded now, for a process that will serve or read long."""
    check_unit("km")  # the registry of units is made when it is first asked
    gc.collect()
    gc.freeze()
    gc.set_threshold(THRESHOLD, 20, 20)
