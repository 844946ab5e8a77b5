"""How messages and descriptions spell names: as Python does, or as the languages do that the plugin serves."""

import re
from collections.abc import Callable, Mapping

_names: dict[str, str] = {}


def speller(names: Mapping[str, str]) -> Callable[[str], str]:
    """What spells names in a text otherwise: those that stand alone, and no parts of longer ones.

    Args:
        names: the spellings by Python's names.
    """
    if not names:
        return str
    known = re.compile(rf"(?<!\w)({'|'.join(sorted(map(re.escape, names), key=len, reverse=True))})(?!\w)")
    return lambda text: known.sub(lambda found: names[found[1]], text)


_speller = speller(_names)


def spell(names: Mapping[str, str]) -> None:
    """Spell the names of inputs otherwise from now on, in this process. The plugin's process does it; programs in
    Python never do.

    Args:
        names: the spellings by Python's names of inputs.
    """
    global _speller
    _names.update(names)
    _speller = speller(_names)


def spelled(text: str) -> str:
    """A text with the names of inputs as the caller spells them."""
    return _speller(text)
