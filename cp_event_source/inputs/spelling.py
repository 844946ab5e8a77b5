"""How messages spell the names of inputs: as Python does, or as the languages do that the plugin serves."""

import re
from collections.abc import Mapping

_names: dict[str, str] = {}
_known: re.Pattern[str] | None = None


def spell(names: Mapping[str, str]) -> None:
    """Spell names otherwise from now on, in this process. The plugin's process does it; programs in Python never do.

    Args:
        names: the spellings by Python's names of inputs.
    """
    global _known
    _names.update(names)
    _known = re.compile(rf"(?<!\w)({'|'.join(sorted(map(re.escape, _names), key=len, reverse=True))})(?!\w)")


def spelled(text: str) -> str:
    """A text with the names of inputs as the caller spells them."""
    return text if _known is None else _known.sub(lambda found: _names[found[1]], text)
