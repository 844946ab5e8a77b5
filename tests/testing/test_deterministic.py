"""Guarantee: the check finds rows that depend on the process, and says on what they depend."""

from pathlib import Path

import pytest

from cp_event_source.testing import event, load

from .layers import counter

PLANTED: dict[str, tuple[str, str, str]] = {
    "the order of a set of texts": (
        "seen = frozenset([*self.Names, 'red', 'green'])\nself.Names = [*seen]",
        "",
        "it depends on the hash seed",
    ),
    "the machine": (
        "import socket\nself.Names = [vars(socket)['gethostname']()]",
        "",
        "it depends on the machine",
    ),
    "a clock that counts from its start": (
        "self.Count = int(getattr(__import__('time'), 'mono' + 'tonic')() // 10_000)",
        "",
        "it depends on the machine",
    ),
    "the time of day": ("self.Names = [str(getattr(__import__('datetime'), 'datetime').now())]", "", "the clock"),
    "an object's address": ("self.Count = id(self) % 10**9", "", "a random number, an id()"),
    "the time when it was loaded": ("self.Count = YEAR", "import time\nYEAR = time.gmtime().tm_year", "the clock"),
    "a variable with a default": (
        "self.Count = LIMIT",
        "import os\nread = getattr(os.environ, 'g' + 'et')\nLIMIT = int(read('MY_LIMIT', '100'))",
        "it depends on the environment (MY_LIMIT)",
    ),
    "an exception in another zone": (
        "import time\nif time.timezone:\n    raise ValueError('only in UTC')",
        "",
        (
            "the event: one process gives is applied, another parks the object (ValueError: only in UTC)\n"
            "  it depends on the time zone"
        ),
    ),
}

EVERYTHING: dict[str, str] = {
    "Hash": "hash(event_name) % 97",
    "Random": "str(uuid4())",
    "Clock": "str(datetime.now(UTC).date())",
    "Zone": "str(datetime.fromtimestamp(0))",
    "Folder": "os.path.basename(os.getcwd())",
    "Home": "os.environ.get('HOME')",
    "Flag": "'MY_FLAG' in os.environ",
}
"""Attributes of a row, and how each is computed."""

HISTORY = [event("A", {"X": "a", "Y": 2}), event("B"), event("A")]


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_dependence_is_found_and_named(tmp_path: Path, fault: str) -> None:
    apply, before, message = PLANTED[fault]
    with pytest.raises(AssertionError) as raised:
        load(counter(tmp_path, apply, before)).check_deterministic(HISTORY)
    text = str(raised.value)
    assert text.startswith("the row of 'object-1' after ")
    assert message in text


def test_the_event_the_attribute_and_both_values_are_named(tmp_path: Path) -> None:
    apply = "import time\nif event_name == 'B':\n    self.Count = time.gmtime().tm_year"
    with pytest.raises(AssertionError) as raised:
        load(counter(tmp_path, apply)).check_deterministic(HISTORY)
    assert str(raised.value).splitlines() == [
        "the row of 'object-1' after B (2026-01-01T00:00:01Z, event-0002) is not the same in another process",
        "  Count: one process gives 2026 (int), another 2029 (int)",
        "  it depends on the clock; use event_time",
    ]


def test_all_attributes_that_differ_are_named(tmp_path: Path) -> None:
    computed = ", ".join(f"{name!r}: {code}" for name, code in EVERYTHING.items())
    apply = f"if event_name == 'B':\n    self.Count = {{{computed}}}"
    with pytest.raises(AssertionError) as raised:
        load(
            counter(tmp_path, apply, "import os\nfrom datetime import UTC, datetime\nfrom uuid import uuid4")
        ).check_deterministic([event("A"), event("B", {"X": 1, "Y": 2})])
    lines = [line for line in str(raised.value).splitlines() if line.startswith("  Count.")]
    assert {line.partition(":")[0].removeprefix("  Count.").partition("[")[0] for line in lines} == set(EVERYTHING)


def test_what_gives_the_same_rows_is_not(tmp_path: Path) -> None:
    """A sorted set, a level of logs, what no row shows, and what the layer prints."""
    apply = """
        self.Names = sorted({*self.Names, "red", "green"})
        self.at = time.time(), os.getpid(), os.environ.get("HOME")
        print(self.at)
    """
    before = "import os, time\nLEVEL = {'INFO': 1, 'DEBUG': 2}[os.environ.get('LOG_LEVEL', 'INFO')]"
    load(counter(tmp_path, apply, before)).check_deterministic(HISTORY)


def test_a_variable_without_which_the_layer_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TABLE", "table-1")
    before = "import os\nassert os.environ['MY_TABLE'].startswith('table')"
    load(counter(tmp_path / "read", before=before)).check_deterministic(HISTORY)  # no row depends on its value
    layer = load(counter(tmp_path / "missing", "import os\nself.Names = [os.environ['MY_TABLE']]"))
    with pytest.raises(AssertionError, match=r"the environment \(MY_TABLE\)"):
        layer.check_deterministic(HISTORY)
