"""The desk's vocabulary: every coded value and every small thing that an event carries.

Law: a value that is not valid cannot be constructed. What the record as a whole forbids is in the rules
(`incident.py`, `source.py`, `account.py`), not here.
"""

from domain.codes import *  # noqa: F403
from domain.values.composed import *  # noqa: F403
from domain.values.contents import *  # noqa: F403
from domain.values.single import *  # noqa: F403
