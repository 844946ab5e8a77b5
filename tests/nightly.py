"""How long the random tests run: a short time by default, a long time with NIGHTLY=1."""

import os

NIGHTLY = bool(os.environ.get("NIGHTLY"))


def effort(usual: int, nightly: int) -> int:
    """The number of cases to try."""
    return nightly if NIGHTLY else usual
