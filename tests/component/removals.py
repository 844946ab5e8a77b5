"""Takes a control away from a deployment that was recorded, in one resource at a time."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from cp_event_source.policies.documents import Statement, statements_in

from .deployment import Deployment, Registration

Change = Callable[[Registration], Registration | None]
"""What becomes of a resource; None: it is not there."""


@dataclass(frozen=True)
class Removal:
    """What is taken away from each resource of a type, or from the one of a name."""

    what: str
    type: str
    change: Change
    name: str | None = None


def without(deployment: Deployment, removal: Removal) -> Iterator[tuple[str, Deployment]]:
    """The deployments in which one resource lacks it, each with a name that says which.

    Not those in which nothing is changed, because that resource did not have it.
    """
    for each in deployment.children():
        if each.type.endswith(f":{removal.type}") and removal.name in {None, each.name}:
            changed = removal.change(each)
            if changed != each:
                resources = [changed if other is each else other for other in deployment.resources]
                left = replace(deployment, resources=[other for other in resources if other is not None])
                yield f"{each.type.rpartition(':')[2]} {each.name}: {removal.what}", left


def dropped(_resource: Registration) -> None:
    """The resource is not there."""


def unprotected(resource: Registration) -> Registration:
    """Pulumi deletes it when asked to."""
    return replace(resource, protect=False)


def unset(*path: str) -> Change:
    """A property is not given."""

    def change(resource: Registration) -> Registration:
        inputs = deepcopy(resource.inputs)
        within = _within(inputs, path[:-1])
        if within is not None:
            within.pop(path[-1], None)
        return replace(resource, inputs=inputs)

    return change


def put(value: Any, *path: str) -> Change:
    """A property has another value."""

    def change(resource: Registration) -> Registration:
        inputs = deepcopy(resource.inputs)
        within: dict[str, Any] = inputs
        for name in path[:-1]:
            within = within.setdefault(name, {})
        within[path[-1]] = value
        return replace(resource, inputs=inputs)

    return change


def several(*changes: Change) -> Change:
    """Several changes of one resource; none drops it."""

    def change(resource: Registration) -> Registration | None:
        for each in changes:
            changed = each(resource)
            assert changed is not None
            resource = changed
        return resource

    return change


def no_statement(sid: str) -> Change:
    """A policy lacks a statement."""
    return _policy(lambda statements: [each for each in statements if each.get("Sid") != sid])


def further_statement(**statement: Any) -> Change:
    """A policy has one more statement: by default whoever it is about is allowed it, on everything."""
    return _policy(lambda statements: [*statements, {"Effect": "Allow", "Resource": "*", **statement}])


def other_statement(sid: str, **changes: Any) -> Change:
    """A policy's statement says something else; None: it says nothing about it."""

    def changed(statement: Statement) -> Statement:
        return {name: value for name, value in {**statement, **changes}.items() if value is not None}

    return _policy(lambda statements: [changed(each) if each.get("Sid") == sid else each for each in statements])


def _policy(change: Callable[[list[Statement]], list[Statement]]) -> Change:
    def changed(resource: Registration) -> Registration:
        before = statements_in(resource.inputs["policy"])
        after = change(before)
        if after == before:
            return resource
        document = json.dumps({"Version": "2012-10-17", "Statement": after})
        return replace(resource, inputs={**resource.inputs, "policy": document})

    return changed


def _within(inputs: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    for name in path:
        if name not in inputs:
            return None
        inputs = inputs[name]
    return inputs
