"""How long the random tests run: a short time by default, a long time with NIGHTLY=1."""

import os

from hypothesis import HealthCheck, Phase, settings

NIGHTLY = bool(os.environ.get("NIGHTLY"))


def effort(usual: int, nightly: int) -> int:
    """The number of cases to try."""
    return nightly if NIGHTLY else usual


def search(usual: int, nightly: int, *, steps: int = 50) -> settings:
    """Settings of a search through histories of `steps` steps each. `usual` or `nightly` histories are tried.

    By default the first history that fails is reported as it was found: to look for a smaller one takes longer than
    any time limit leaves, and the error would not be seen. The report has the steps, and a decorator that tries them
    again. NIGHTLY=1 tries the failed history again first, and makes it as small as it can.
    """
    return settings(
        max_examples=effort(usual, nightly),
        stateful_step_count=steps,
        deadline=None,
        print_blob=True,
        phases=tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
