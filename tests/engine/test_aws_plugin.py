"""The stand-in for the provider `aws`, as far as it can be tested without Pulumi's engine."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.local.resources import CREATORS

from .aws_plugin.calls import Call, Calls
from .aws_plugin.deletes import DELETES
from .aws_plugin.diffs import REPLACING, changed, replacing
from .aws_plugin.names import named
from .aws_plugin.schema import VERSION, schema
from .aws_plugin.secret_values import as_secret, has_secrets, opened

TABLE = "aws:dynamodb/table:Table"
JSON = st.recursive(
    st.none() | st.booleans() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_what_can_be_created_can_be_compared_and_deleted() -> None:
    assert CREATORS.keys() == REPLACING.keys() == DELETES.keys()


def test_the_schema_names_the_providers_sdk_for_go() -> None:
    """The component's own SDK for Go imports it."""
    go = schema()["language"]["go"]
    assert go["importBasePath"] == f"github.com/pulumi/pulumi-aws/sdk/v{VERSION.split('.')[0]}/go/aws"


def test_another_key_replaces_a_table_and_another_protection_does_not() -> None:
    before = {"name": "a", "hashKey": "Id"}
    after = {"name": "a", "hashKey": "Key", "deletionProtectionEnabled": True}
    differing = changed(before, after)
    assert differing == {"hashKey", "deletionProtectionEnabled"}
    assert replacing(TABLE, differing) == {"hashKey"}


def test_what_is_off_is_as_if_it_was_not_given_unless_it_is_on_by_default() -> None:
    assert changed({}, {"deletionProtectionEnabled": False, "ttl": {"enabled": False}, "tags": {}}) == set()
    assert changed({}, {"isEnabled": False}) == {"isEnabled"}


def test_a_name_stays_until_the_resource_is_replaced() -> None:
    first = named(TABLE, "files", {}, {})
    assert first["name"].startswith("files-")
    assert named(TABLE, "files", {}, first) == first
    assert named(TABLE, "files", {}, {}) != first
    assert named(TABLE, "files", {"name": "given"}, first) == {}


@given(value=JSON)
def test_a_secret_opens_to_its_value_wherever_it_is(value: Any) -> None:
    assert opened([{"a": as_secret(value)}]) == [{"a": value}]
    assert has_secrets([{"a": as_secret(value)}])
    assert not has_secrets(value)


def test_calls_are_taken_once(tmp_path: Path) -> None:
    calls = Calls(tmp_path / "calls")
    calls.add(Call("Diff", TABLE, "files", changed=["tags"]))
    assert Calls(tmp_path / "calls").take() == [Call("Diff", TABLE, "files", changed=["tags"])]
    assert calls.take() == []
