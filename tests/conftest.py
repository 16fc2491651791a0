"""What holds for all tests: where CI runs them, the same examples are tried each time; elsewhere others each time."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
