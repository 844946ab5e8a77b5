"""Numbers with their nouns, for people."""


def counted(number: int, what: str, several: str | None = None) -> str:
    """A number and its noun: `1 event`, `2 events`; `several` is a plural that is not the noun with an s."""
    return f"{number} {what if number == 1 else several or what + 's'}"
