"""JSON in which outputs stand for parts."""

import json
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import pulumi


@dataclass(frozen=True)
class _Later:
    """Stands for a part that is not known yet."""

    number: int


def json_text(value: Any) -> pulumi.Output[str]:
    """The JSON of a value.

    `pulumi.Output.json_dumps` makes an output, which is a task, of each part, known or not. The component's documents
    and its dashboard have thousands of parts; that took half of the time of its program.
    """
    later: list[Any] = []

    def noted(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: noted(each) for name, each in part.items()}
        if isinstance(part, list | tuple):
            return [noted(each) for each in part]
        if isinstance(part, pulumi.Output) or isawaitable(part):
            later.append(part)
            return _Later(len(later) - 1)
        return part

    parts = noted(value)
    return pulumi.Output.all(*later).apply(lambda known: json.dumps(parts, default=lambda each: known[each.number]))
