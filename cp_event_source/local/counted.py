"""Numbers with their nouns, for people."""


def counted(number: int, what: str) -> str:
    """A number and its noun: `1 event`, `2 events`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
