"""Small layers, on disk, and what the check says of them."""

from pathlib import Path
from textwrap import dedent, indent

from cp_event_source.layer.contract_check import check_domain_layer
from cp_event_source.layer.findings import Report


def domain_handler(*, head: str = "", apply: str = "pass", create: str = "pass", to_item: str = "pass") -> str:
    """A `domain_handler.py` that keeps the contract, with these lines in it."""
    return f"""\
{dedent(head)}
class File:
    def __init__(self, domain_id):
        self.DomainId = domain_id

    def apply(self, payload, event_name, event_time):
{indent(dedent(apply), "        ")}


class Domain:
    @staticmethod
    def from_dynamo_item(item):
        return File(item.DomainId)

    @staticmethod
    def create_new(domain_id):
{indent(dedent(create), "        ")}
        return File(domain_id)

    @staticmethod
    def to_dynamo_item(file):
{indent(dedent(to_item), "        ")}
        return {{"DomainId": file.DomainId}}
"""


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    """Put files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())


def check(
    folder: Path,
    files: dict[str, str | bytes] | None = None,
    *,
    head: str = "",
    apply: str = "pass",
    create: str = "pass",
    to_item: str = "pass",
) -> Report:
    """The report on a layer that keeps the contract, with these lines in `domain_handler.py`, and these other files."""
    handler = domain_handler(head=head, apply=apply, create=create, to_item=to_item)
    write(folder, {"domain_handler.py": handler, **(files or {})})
    return check_domain_layer(folder)


def line_of(folder: Path, text: str, file: str = "domain_handler.py") -> int:
    """The number of the first line of a file that has a text."""
    lines = (folder / file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
