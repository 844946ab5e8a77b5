"""Libraries that only some checks need."""

from importlib.util import find_spec


class MissingExtra(ImportError):
    """A library that a check needs is not installed."""


def need(module: str) -> None:
    """Demand a library that comes with the extra `testing`.

    Raises:
        MissingExtra: it is not installed.
    """
    if find_spec(module) is None:
        raise MissingExtra(
            f"{module}: must be installed for this check; run: pip install 'cp-event-source[testing]'", name=module
        )
