"""The page docs/reference/mistakes.md, made from the table. To make it again, run in the repository's folder:

.venv/bin/python -m tests.mistakes.page > docs/reference/mistakes.md
"""

import sys
from typing import Final

from .table import MISTAKES, Mistake

_SHOWN_BY: Final = {"check": "check", "kit": "test kit", "local": "local run", "parked": "the parked row"}

_TOP: Final = """\
# Typical mistakes

What goes wrong when you write domain logic, where you see it first, and a part of the message. `check` is
[`cp-event-source check`](command-line.md#cp-event-source-check), and the preview with `DomainPythonLayer`: an error
stops both, a warning does not. The test kit is `cp_event_source.testing`. A local run and a deployed pipeline report
what you did not catch before: an object is parked, and its row says why.

| mistake | where you see it | message |
| --- | --- | --- |
"""


def page() -> str:
    """The page as Markdown."""
    return _TOP + "".join(f"| {each.title} | {_where(each)} | {each.message} |\n" for each in MISTAKES)


def _where(mistake: Mistake) -> str:
    level = f", {mistake.level}" if mistake.by == "check" else ""
    return f"{_SHOWN_BY[mistake.by]}{level}"


if __name__ == "__main__":
    sys.stdout.write(page())
