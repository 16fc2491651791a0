"""No time is asserted in these tests: a busy machine is no fault of a rule."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
