"""Guarantee: each check finds faults of its kind that reading the source cannot see, and passes on good logic."""

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cp_event_source.testing import Layer, event, load, read_events
from cp_event_source.testing.checks.evolution import Outcome
from cp_event_source.testing.extra import MissingExtra
from tests.testing.layers import counter

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).parents[2] / "examples"
EVENTS = [event("A", at="2026-01-01T00:00:00Z"), event("B"), event("C"), event("A"), event("D")]

_CLASS = "kind = type(self); setattr(kind, 'Total', getattr(kind, 'Total', 0) + 1); self.Count = kind.Total"
_HELPER = "getattr(rules, 'kept').setdefault('names', self.Names).append('x'); self.Names = list(rules.kept['names'])"
_CLOSURE = "self.Count = note(event_name)"
_NOTE = """
def remember():
    seen = []
    def note(name):
        seen.append(name)
        return len(seen)
    return note
note = remember()
"""
_ALIAS = "self.Names = list(collect(event_name))"
_COLLECT = """
kept = (lambda: [])()
def collect(name, into=kept):
    into.append(name)
    return into
"""

LEAKS = [
    pytest.param(_CLASS, "", "", id="class"),
    pytest.param(_HELPER, "import rules", "kept = vars(__import__('builtins'))['dict']()", id="module"),
    pytest.param(_CLOSURE, _NOTE, "", id="closure"),
    pytest.param(_ALIAS, _COLLECT, "", id="default argument"),
    pytest.param("self.Count = len(first(self.DomainId[:6])); first('object').append(1)", "import functools\n"
                 "first = vars(functools)['lru_cache'](lambda key: [])", "", id="cache"),
]  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Layer:
    return load(counter(tmp_path_factory.mktemp("good")))


LATE = [
    pytest.param("self.Count += 0 if rules.first(event_id) else -1", "import rules",
                 "seen = []\ndef first(i):\n    seen.append(i)\n    return seen.count(i) == 1", id="guard"),
    pytest.param("kind = type(self)\nif event_time < getattr(kind, 'newest', ''):\n    raise ValueError('late')\n"
                 "setattr(kind, 'newest', event_time)", "", "", id="refusal of late events"),
    pytest.param("self.Count = getattr(__import__('time'), 'time' + '_ns')()", "", "", id="clock"),
]  # fmt: skip


@pytest.mark.parametrize(("apply", "before", "rules"), [*LEAKS, *LATE])
def test_rows_that_depend_on_the_delivery_are_found(tmp_path: Path, apply: str, before: str, rules: str) -> None:
    layer = load(counter(tmp_path, apply, before, rules=rules))
    with pytest.raises(AssertionError, match=r"(?s)(delivered like this|one delivery gave two results)"):
        layer.check_order_free([*EVENTS[:2], event("A", domain_id="object-2")])


def test_the_smallest_delivery_is_shown(tmp_path: Path) -> None:
    """The class remembers whether the second event was applied before the first; nothing else matters."""
    layer = load(
        counter(
            tmp_path,
            "if event_name == 'B' and not self.Count - 1:\n    type(self).Hidden = 1\n"
            "self.Count += 100 * getattr(type(self), 'Hidden', 0)",
        )
    )
    with pytest.raises(AssertionError) as found:
        layer.check_order_free(EVENTS[:2])
    lines = str(found.value).splitlines()
    assert lines[1].startswith("  1. batch of object-1: B (")
    assert lines[2].startswith("  2. batch of object-1: A (")
    assert re.match(r"object-1: Count: in order 2 \(int\), so delivered \d+ \(int\)", lines[3])


def test_of_a_long_history_fewer_deliveries_are_played(tmp_path: Path) -> None:
    layer = load(counter(tmp_path, "self.Names = self.Names[-3:]"))
    layer.check_order_free([event(f"E{number % 7}") for number in range(150)], examples=1000)


def test_events_that_fold_nothing_check_nothing(good: Layer) -> None:
    with pytest.raises(AssertionError, match=r"nothing to check: no first event can be applied; .*\n.*not this one"):
        good.check([event("Refused"), event("A")])


def test_a_property_of_the_caller_may_check_and_its_profile_changes_nothing(tmp_path: Path) -> None:
    leaking = load(counter(tmp_path, _CLASS))

    @settings(max_examples=2, deadline=None, database=None)
    @given(st.sampled_from("AB"))
    def play(name: str) -> None:
        with pytest.raises(AssertionError, match="delivered like this"):
            leaking.check_order_free([event(name), event("C")])

    play()
    before = settings.get_current_profile_name()
    settings.register_profile("explicit", phases=[Phase.explicit], max_examples=1)
    settings.load_profile("explicit")
    try:
        with pytest.raises(AssertionError, match="delivered"):
            leaking.check_order_free(EVENTS[:2])
    finally:
        settings.load_profile(before)


def test_a_package_that_is_installed_in_the_layer_is_loaded_once(tmp_path: Path) -> None:
    """Many extensions in C can be loaded only once."""
    folder = counter(tmp_path, "self.Count = once.NUMBER + 1", "import once")
    (folder / "once").mkdir()
    (folder / "once" / "__init__.py").write_text(
        "import sys\nassert not hasattr(sys, 'once_loaded')\nsys.once_loaded = True\nNUMBER = 4\n"
    )
    (folder / "once-1.dist-info").mkdir()
    (folder / "once-1.dist-info" / "RECORD").write_text("once/__init__.py,,\n")
    try:
        load(folder)
        layer = load(folder)
        layer.check_order_free(EVENTS[:2], examples=3)
    finally:
        vars(sys).pop("once_loaded", None)
    assert layer.given(EVENTS[0]).state()["Count"] == 5
    assert "once" not in sys.modules


def test_a_module_that_answers_any_name_is_a_module(tmp_path: Path) -> None:
    rules = "def __getattr__(_):\n    return 5\n"
    layer = load(counter(tmp_path, "self.Count = rules.five", "import rules", rules=rules))
    assert layer.given(EVENTS[0]).state()["Count"] == 5


def test_the_order_of_delivery_changes_nothing_of_good_logic(good: Layer) -> None:
    good.check_order_free([*EVENTS, event("A", domain_id="object-2"), event("Refused"), event("B")], examples=30)


def test_all_checks_pass_on_good_logic(good: Layer) -> None:
    good.check([*EVENTS, event("Refused", domain_id="object-2"), event("A")], earlier=good.folder)


@pytest.mark.parametrize(
    ("folder", "name", "events"),
    [("file_domain", "File", "default"), ("account_domain", "Account", "custom_event_bus")],
)
def test_all_checks_pass_on_the_examples(folder: str, name: str, events: str) -> None:
    example = EXAMPLES / events
    sent = [each for each in read_events(example / "events.json", domain_name=name) if "UserId" in each]
    load(example / folder).check(sent)


def test_all_checks_report_together(tmp_path: Path) -> None:
    faults = f"self.Names = ({{}}.fromkeys('ab'), str(__import__('time').time())); {_CLASS}"
    layer = load(counter(tmp_path, faults))
    with pytest.raises(AssertionError) as found:
        layer.check(EVENTS[:3])
    for name in ("round trip: Counter.Names: ", "deterministic: ", "isolated: ", "order-free: "):
        assert name in str(found.value)


def _changed(good: Layer, folder: Path, *changes: tuple[str, str]) -> Path:
    text = (good.folder / "domain_handler.py").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    folder.mkdir()
    (folder / "domain_handler.py").write_text(text)
    return folder


_WITH_LAST = (
    ("Count: int = 0", "Count: int = 0\n    Last: int = 0"),
    ("self.Count += 1", "self.Count += 1\n        self.Last += 2"),
)


def test_a_default_leaves_a_mixture_and_it_is_found(good: Layer, tmp_path: Path) -> None:
    later = load(_changed(good, tmp_path / "later", *_WITH_LAST))
    with pytest.raises(AssertionError) as found:
        later.check_evolution(EVENTS[:3], earlier=good.folder)
    assert "object-1, mix at B (" in str(found.value)
    assert "  Last: this logic alone 4 (int), on the earlier row 2 (int)" in str(found.value)
    assert re.search(r"^object-1 +2 +C .* mix +differs$", str(found.value), re.MULTILINE)


def test_strict_reading_refolds_and_the_rows_are_right(good: Layer, tmp_path: Path) -> None:
    strict = ("return Counter(**item)", "return Counter(item.DomainId, item.Count, item.Last, item.Names)")
    report = load(_changed(good, tmp_path / "later", *_WITH_LAST, strict)).check_evolution(
        EVENTS[:4], earlier=good.folder
    )
    assert [each.outcome for each in report.transitions] == [Outcome.REFOLD] * 3
    assert report.wrong == []
    assert str(report).splitlines()[0].split() == ["object", "events", "before", "next", "event", "outcome", "row"]


def test_what_this_logic_cannot_apply_parks_and_is_no_fault_of_the_rows(good: Layer, tmp_path: Path) -> None:
    refuses = ('event_name == "Refused"', 'event_name in {"Refused", "C"}')
    report = load(_changed(good, tmp_path / "later", refuses)).check_evolution(EVENTS[:3], earlier=good.folder)
    assert [each.outcome for each in report.transitions] == [Outcome.MIX, Outcome.PARK]


@pytest.mark.parametrize(
    "check", ["check", "check_round_trip", "check_order_free", "check_isolated", "check_deterministic"]
)
def test_a_check_ends_at_the_first_event_that_takes_too_long(tmp_path: Path, check: str) -> None:
    layer = load(counter(tmp_path, "while event_name == 'C': pass"), seconds_per_event=0.2)
    with pytest.raises(AssertionError, match=r"(?s)parked at C .*event 3 of 5, in apply.*TookTooLong"):
        getattr(layer, check)(EVENTS)


def test_a_check_reports_what_reading_the_layer_finds(tmp_path: Path, good: Layer) -> None:
    """The package is here, and not in the function."""
    layer = load(counter(tmp_path, "", "import cp_event_source"))
    with pytest.raises(AssertionError, match=r"layer: .*domain_handler\.py:1: imports cp_event_source"):
        layer.check(EVENTS)


def test_logic_that_ends_the_process_is_said_to(tmp_path: Path) -> None:
    layer = load(counter(tmp_path, "__import__('os')._exit(3)"))
    for check in (layer.check_isolated, layer.check_deterministic):
        with pytest.raises(AssertionError, match=r"cannot be folded in a fresh interpreter: .* ended with"):
            check(EVENTS)


@pytest.mark.parametrize(
    ("module", "check"), [("hypothesis", "check_order_free"), ("time_machine", "check_deterministic")]
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    good: Layer, monkeypatch: pytest.MonkeyPatch, module: str, check: str
) -> None:
    def find_spec(name: str) -> Any:
        return None

    monkeypatch.setattr("cp_event_source.testing.extra.find_spec", find_spec)
    run: Callable[[Any], None] = getattr(good, check)
    with pytest.raises(MissingExtra, match=rf"{module}: .* pip install 'cp-event-source\[testing\]'"):
        run(EVENTS)


def test_the_kit_needs_neither_aws_nor_pulumi_and_no_library_before_its_check(good: Layer) -> None:
    program = f"""
import sys
from cp_event_source.testing import event, load
layer = load({str(good.folder)!r})
events = [event("A"), event("B")]
layer.given(*events).then({{"Count": 2, "Names": ["A", "B"]}})
layer.check_round_trip(events)
layer.check_isolated(events)
print(sorted({{"boto3", "botocore", "pulumi", "hypothesis", "time_machine", "pytest"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
