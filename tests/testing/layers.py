"""Layers that tests write to a folder."""

from pathlib import Path
from textwrap import dedent, indent
from typing import Final

COUNTER: Final = """
from dataclasses import asdict, dataclass, field


@dataclass
class Counter:
    DomainId: str
    Count: int = 0
    Names: list = field(default_factory=list)

    def apply(self, payload, event_name, event_id, event_time):
        if event_name == "Refused":
            raise ValueError("not this one")
        self.Count += 1
        self.Names.append(event_name)
{apply}


class Domain:
    @staticmethod
    def create_new(domain_id):
        return Counter(domain_id)

    @staticmethod
    def from_dynamo_item(item):
        return Counter(**item)

    @staticmethod
    def to_dynamo_item(counter):
        return asdict(counter)
"""
"""A layer without a fault, and with a place for one."""


def write(folder: Path, source: str, **modules: str) -> Path:
    """Write a layer: the text of `domain_handler.py`, and that of each further module."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"domain_handler": source, **modules}.items():
        (folder / f"{name}.py").write_text(dedent(text))
    return folder


def counter(folder: Path, apply: str = "", before: str = "", **modules: str) -> Path:
    """Write a counter that also runs some code in `apply`, with some code before its class."""
    source = COUNTER.replace("{apply}", indent(dedent(apply), " " * 8))
    return write(folder, f"{dedent(before)}\n{source}", **modules)
