"""How messages and descriptions spell names: as Python does, or as the languages do that the plugin serves."""

import re
from collections.abc import Callable, Mapping

_names: dict[str, str] = {}

_UNDERSCORE = re.compile(r"_([a-z0-9])")
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def in_schema(name: str) -> str:
    """A name of Python's as the package's schema, programs in other languages and stacks' states have it."""
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def in_python(name: str) -> str:
    """A name of the schema's as Python has it."""
    return _CAPITAL.sub(r"_\1", name).lower()


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
