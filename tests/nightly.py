"""How long the tests that search at random may search: a little by default, much with NIGHTLY=1."""

import os

NIGHTLY = bool(os.environ.get("NIGHTLY"))


def effort(usual: int, nightly: int) -> int:
    """How many cases to try."""
    return nightly if NIGHTLY else usual
