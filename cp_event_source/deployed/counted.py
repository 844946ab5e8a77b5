"""Numbers with their nouns, for people."""


def counted(number: int, what: str, several: str | None = None) -> str:
    """A number and its noun: `1 event`, `2 events`; `several` is a plural that is not the noun with an s."""
    return f"{number} {what if number == 1 else several or what + 's'}"


def duration(seconds: float) -> str:
    """A time that something takes, for people: `40 s`, `12 min`, `3 h 5 min`, `4 days`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < _HOURS_BEFORE_DAYS else f"{round(seconds / 86_400):,} days"


_HOURS_BEFORE_DAYS = 72
