"""Guarantee: the JSON of a value is what Pulumi's own function gives, whatever parts of it are known only later."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from cp_event_source.resources.json_text import json_text

from ..deployment import deploy, in_program


def output(value: Any) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(value)


async def awaited() -> str:
    return "later"


VALUES: dict[str, Callable[[], Any]] = {
    "a document": lambda: {"Version": "2012-10-17", "Statement": [{"Action": ["a", "b"], "Resource": output("arn")}]},
    "plain": lambda: {"b": [1, 2.5, True, None, "é"], "a": {}},
    "several in one list": lambda: [output(1), "two", output([3, {"four": 4}]), (5, output(None))],
    "one in two places": lambda: (lambda one: {"first": one, "second": [one]})(output("one")),
    "an output alone": lambda: output({"a": [1]}),
    "an output within an output": lambda: output([{"within": output("it")}]),
    "an awaitable": lambda: {"it": awaited()},
}


@pytest.mark.parametrize("name", VALUES)
def test_it_is_the_json_that_pulumi_makes(name: str) -> None:
    texts: list[str] = []

    def program() -> None:
        json_text(VALUES[name]()).apply(texts.append)
        pulumi.Output.json_dumps(VALUES[name]()).apply(texts.append)

    deploy(program)
    assert texts[0] == texts[1]
    assert json.loads(texts[0]) is not None


def test_a_part_that_is_unknown_makes_all_of_it_unknown() -> None:
    class Made(pulumi.CustomResource):
        name: pulumi.Output[str]

        def __init__(self) -> None:
            super().__init__("test:index:Made", "made", {"name": None, "text": None})

    def program() -> None:
        text = json_text({"known": 1, "unknown": Made().name})
        pulumi.CustomResource("test:index:User", "user", {"text": text})

    user = deploy(in_program(program), preview=True).only("User")
    assert isinstance(user.inputs["text"], pulumi.output.Unknown)
    (made,) = user.dependencies
    assert made.endswith("::made")


def test_a_secret_part_makes_all_of_it_secret() -> None:
    secret: list[bool] = []

    def program() -> None:
        for part in ("plain", pulumi.Output.secret("secret")):
            text = json_text({"a": 1, "b": [part]})
            pulumi.Output.all(text.is_secret()).apply(secret.extend)

    deploy(program)
    assert secret == [False, True]
