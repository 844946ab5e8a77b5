"""What the plugin makes of the schema that Pulumi infers."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.inputs.spelling import speller
from cp_event_source.package_schema import ABOUT, served

LAYOUT = st.sampled_from([" ", "  ", "\n", "\n    ", " \n"])
WORDS = st.lists(st.from_regex(r"[a-z`.]+", fullmatch=True), min_size=1)


def described(text: str, *, spelled: dict[str, str] | None = None) -> str:
    inferred = {"types": {}, "resources": {"a": {"description": text}}}
    found: str = served(inferred, speller(spelled or {}))["resources"]["a"]["description"]
    return found


@given(words=WORDS, layout=LAYOUT)
def test_a_paragraph_is_one_line_whatever_its_layout(words: list[str], layout: str) -> None:
    assert described(layout.join(words)) == " ".join(words)


def test_paragraphs_stay_apart() -> None:
    assert described("One,\n    and on.\n\n    Two,\n    and on.\n    ") == "One, and on.\n\nTwo, and on."


def test_names_are_spelled_as_the_schema_does_and_parts_of_longer_names_stay() -> None:
    names = {"event_bus": "eventBus", "event_bus_arn": "eventBusArn"}
    text = "Of `event_bus` the `event_bus_arn`, not `my_event_bus` or `event_bus_name`."
    assert described(text, spelled=names) == "Of `eventBus` the `eventBusArn`, not `my_event_bus` or `event_bus_name`."


def test_types_lose_pythons_ending_wherever_they_are_named() -> None:
    reference = {"$ref": "#/types/p:index:CodeArgs"}
    properties = {"one": reference, "many": {"type": "array", "items": reference}}
    schema = served({"types": {"p:index:CodeArgs": {"properties": properties}}, "resources": {}}, str)
    assert schema["types"] == {
        "p:index:Code": {
            "properties": {
                "one": {"$ref": "#/types/p:index:Code"},
                "many": {"type": "array", "items": {"$ref": "#/types/p:index:Code"}},
            }
        }
    }


def test_types_of_other_packages_keep_their_names() -> None:
    reference = "/aws/v7.0.0/schema.json#/types/aws:s3%2FArgs:Args"
    schema = served({"types": {}, "resources": {"a": {"$ref": reference}}}, str)
    assert schema["resources"] == {"a": {"$ref": reference}}


def test_properties_may_be_called_as_parts_of_a_schema() -> None:
    properties: dict[str, Any] = {"description": {"type": "string", "description": "Of\n  it."}, "$ref": {}}
    schema = served({"types": {}, "resources": {"a": {"properties": properties}}}, str)
    assert schema["resources"]["a"]["properties"] == {
        "description": {"type": "string", "description": "Of it."},
        "$ref": {},
    }


def test_the_rest_stays_and_what_is_said_about_the_package_is_added() -> None:
    inferred = {"name": "p", "types": {}, "resources": {"a": {"required": ["x_y"], "plain": True}}}
    assert served(inferred, speller({"x_y": "xY"})) == inferred | ABOUT
