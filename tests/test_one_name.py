"""Guarantee: the check finds a file that is loaded under two names. It also runs at the end of each test session."""

import sys
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from cp_event_source.handler.values import exact_json

from .one_name import files_with_two_names


def test_no_file_has_two_names_now() -> None:
    assert files_with_two_names() == {}


def test_the_check_finds_a_second_name(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_from_file_location("handler.values.exact_json", exact_json.__file__)
    assert spec is not None
    monkeypatch.setitem(sys.modules, "handler.values.exact_json", module_from_spec(spec))
    ((_, names),) = files_with_two_names().items()
    assert names == ["cp_event_source.handler.values.exact_json", "handler.values.exact_json"]
