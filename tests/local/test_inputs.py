"""No input of a resource is dropped unnoticed."""

import pytest

from cp_event_source.local.errors import UnsupportedError
from cp_event_source.local.inputs import Inputs


def test_what_nobody_read_is_listed_with_its_path() -> None:
    inputs = Inputs({"a": 1, "b": {"c": 2, "d": 3}, "e": [{"f": 4}, {"f": 5, "g": 6}], "h": 7})

    inputs.get("a")
    block = inputs.block("b")
    assert block is not None
    block.get("c")
    for element in inputs.blocks("e"):
        element.need("f")

    assert inputs.unread() == ["b.d", "e[1].g", "h"]


def test_inputs_without_effect_and_pulumis_own_are_not_listed() -> None:
    inputs = Inputs({"forceDestroy": True, "__defaults": []})

    inputs.no_effect("forceDestroy")

    assert inputs.unread() == []


def test_a_missing_required_input_is_named_with_its_path() -> None:
    block = Inputs({"policy": {}}).block("policy")
    assert block is not None

    with pytest.raises(UnsupportedError, match=r"policy\.arn: must be given; got nothing"):
        block.need("arn")


def test_only_given_inputs_become_arguments_even_when_false_or_zero() -> None:
    inputs = Inputs({"size": 0, "enabled": False})

    arguments = inputs.given(Size="size", Enabled="enabled", Name="name")

    assert arguments == {"Size": 0, "Enabled": False}
