"""Inputs that may be known only later: outputs, or what holds them."""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import isawaitable
from typing import Any

import pulumi

from . import checks
from .checks import Check


class Later:
    """The values of some inputs as outputs. A value that is not known yet is checked as soon as it is."""

    def __init__(self, given: Mapping[str, Any], known: Mapping[str, Check], *, within: str = "") -> None:
        """
        Args:
            given: the inputs that are given. What is known of them has been checked.
            known: the check of each input.
            within: what the names of the inputs begin with in messages, such as `functions.`.
        """
        self._given = given
        self._known = known
        self._within = within

    def value(self, name: str, default: Any = None) -> pulumi.Output[Any]:
        """An input, or its default."""
        return self._checked(name, self._given.get(name, default))

    def if_given(self, name: str, converted: Callable[[Any], Any] = lambda value: value) -> pulumi.Output[Any] | None:
        """An input; None if it is left out or an empty list, which decides what there is."""
        return None if self._given.get(name, []) == [] else self.value(name).apply(converted)

    def each_value(self, name: str) -> Any:
        """An input that is a dictionary. Values of it may be unknown or secret without the others."""
        given = self._given.get(name, {})
        if not isinstance(given, Mapping):
            return self.value(name)
        return {
            key: self._checked(name, each, within=partial(_replaced, given, key)) if checks.comes_later(each) else each
            for key, each in given.items()
        }

    def _checked(self, name: str, value: Any, within: Callable[[Any], Any] = lambda value: value) -> pulumi.Output[Any]:
        """The value. When it is known, the input that it is or that it is `within` is checked."""

        def checked(known: Any, *, is_secret: bool) -> Any:
            problems = self._known[name](f"{self._within}{name}", within(known))
            checks.raise_if_any([_without_value(each) for each in problems] if is_secret else problems)
            return known

        output = pulumi.Output.from_input(value)
        return pulumi.Output.all(output, output.is_secret()).apply(lambda it: checked(it[0], is_secret=it[1]))


def _without_value(problem: str) -> str:
    """A problem without what was found."""
    rule, found, _ = problem.partition("; got ")
    return f"{rule}; got a secret" if found else problem


def _replaced(dictionary: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**dictionary, key: value}


def readable_twice(value: Any) -> Any:
    """The value, with outputs in the place of awaitables, which can be awaited once: they are used and registered."""
    if isinstance(value, Mapping):
        return {key: readable_twice(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [readable_twice(each) for each in value]
    return pulumi.Output.from_input(value) if isawaitable(value) else value
