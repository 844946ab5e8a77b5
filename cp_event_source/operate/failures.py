"""The objects that a command could not rebuild, for its document and its tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from rich.console import RenderableType

from cp_event_source.deployed.console import and_more, cell, make_table
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.output import Output

_SHOWN: Final = 20


@dataclass(frozen=True)
class Failures:
    """The objects of a journal that failed: all for a document, the first ones for a table."""

    count: int
    listed: list[dict[str, str]]

    @classmethod
    def of(cls, journal: Journal, output: Output) -> "Failures":
        listed = [
            {"domain_id": domain_id, "reason": reason}
            for domain_id, reason in islice(journal.failed(), None if output.json else _SHOWN)
        ]
        return cls(sum(1 for _ in journal.failed()), listed)

    def table(self) -> Iterator[RenderableType]:
        """A table, if an object failed."""
        if not self.count:
            return
        table = make_table("DomainId", "Failed")
        for each in self.listed:
            table.add_row(cell(each["domain_id"]), cell(each["reason"]))
        yield table
        yield from and_more(self.count - len(self.listed), "object")
