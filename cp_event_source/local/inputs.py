"""A resource's inputs, read so that none is dropped unnoticed."""

from collections.abc import Mapping
from typing import Any

from cp_event_source.local.errors import UnsupportedError


class Inputs:
    """The inputs of one resource, or of a block within it, under Pulumi's names (camelCase).

    Every input must be read, or be named as having no effect in a local run; `unread` lists the others.
    """

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = {name: value for name, value in values.items() if not name.startswith("__")}
        self._path = path
        self._read: set[str] = set()
        self._blocks: list[Inputs] = []

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an input, else `default`."""
        self._read.add(name)
        return self._values.get(name, default)

    def need(self, name: str) -> Any:
        """The value of an input that must be there.

        Raises:
            UnsupportedError: it is not there.
        """
        value = self.get(name)
        if value is None:
            raise UnsupportedError(f"{self._path}{name}: must be given; got nothing")
        return value

    def block(self, name: str) -> "Inputs | None":
        """An input that is an object, to be read input by input; None if it is not given."""
        value = self.get(name)
        if value is None:
            return None
        block = Inputs(value, f"{self._path}{name}.")
        self._blocks.append(block)
        return block

    def blocks(self, name: str) -> "list[Inputs]":
        """An input that is a list of objects, each to be read input by input."""
        blocks = [Inputs(value, f"{self._path}{name}[{i}].") for i, value in enumerate(self.get(name, []))]
        self._blocks += blocks
        return blocks

    def given(self, **names: str) -> dict[str, Any]:
        """The simple inputs that are given, as arguments of an AWS call: `given(Description="description")`."""
        return {ours: value for ours, theirs in names.items() if (value := self.get(theirs)) is not None}

    def no_effect(self, *names: str) -> None:
        """Name inputs that have no effect in a local run, since the emulator has no such thing."""
        self._read.update(names)

    def unread(self) -> list[str]:
        """The inputs that were given and neither read nor named, with their paths."""
        here = [self._path + name for name in self._values if name not in self._read]
        return sorted(here + [name for block in self._blocks for name in block.unread()])
