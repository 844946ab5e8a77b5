"""Loads a domain logic layer as the project function does, and folds events with it."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..handler.domain import contract
from ..handler.domain.failure import Failure
from ..handler.domain.fold import fold
from ..handler.domain.logic import BrokenDomainLogic
from ..handler.domain.logic import load as load_logic
from ..handler.domain.state import INITIAL_STATE, DomainState
from ..handler.events.stored_event import StoredEvent
from .events import AnyEvent, histories
from .given import Ended, Given, Stop, must_end
from .modules import LayerModules
from .observed import ObservedLogic
from .places import place_at, places_of, shown_path

if TYPE_CHECKING:
    from ..decide.deciding import Decider
    from .checks.evolution import EvolutionReport
    from .when import When

Folder = str | os.PathLike[str]
Events = Iterable[AnyEvent | Sequence[AnyEvent]]


def load(folder: Folder, *, seconds_per_event: float = 10) -> "Layer":
    """Load the domain logic of a folder. Each call loads it again, with fresh modules.

    Args:
        folder: the folder with `domain_handler.py`; relative to the current folder.
        seconds_per_event: how long the logic may take for one event before the object parks, as in production. Give
            more to step through the logic with a debugger.

    Raises:
        BrokenDomainLogic: there is no such folder or file, it cannot be imported, or it breaks the contract. The
            message names the file and the line.
    """
    __tracebackhide__ = True
    path = Path(folder).absolute()
    if not (path / contract.FILE).is_file():
        raise BrokenDomainLogic(_nothing_there(folder, path))
    modules = LayerModules(Path(os.path.realpath(path)))
    with modules.current():
        try:
            logic = ObservedLogic(load_logic())
        except BrokenDomainLogic as error:
            raise BrokenDomainLogic(_broken(error, modules.folder)) from error.__cause__
    return Layer(path, modules, logic, seconds_per_event)


class Layer:
    """The domain logic of one folder."""

    def __init__(self, folder: Path, modules: LayerModules, logic: ObservedLogic, seconds_per_event: float) -> None:
        self.folder = folder
        """The folder, absolute."""
        self.logic = logic
        """The logic as the fold calls it. Call it within `current`."""
        self.seconds_per_event = seconds_per_event
        self._modules = modules

    def __repr__(self) -> str:
        return f"Layer({str(self.folder)!r})"

    def given(self, *events: AnyEvent | Sequence[AnyEvent]) -> Given:
        """Fold events of one domain object as production does, in EventKey order and each once.

        Args:
            events: `event(...)`, producer `DomainEvent`s or dicts, in any order; also lists of them.

        Raises:
            ContractViolation: (a ValueError) events break the contract; the error names everything that is wrong.
            ValueError: there is no event, the events are of several domain objects, or one cannot be stored.
        """
        __tracebackhide__ = True
        found = histories(events)
        if len(found) > 1:
            raise ValueError(
                f"given: must be events of one domain object; got those of {', '.join(map(repr, found))}; "
                "give each object's events by themselves"
            )
        (history,) = found.values()
        return Given(history, self.fold(history), self)

    def when(self, decider: "Decider[Any]") -> "When":
        """Let a decider decide on an object that has no event yet; otherwise see `Given.when`."""
        __tracebackhide__ = True
        from .when import When

        return When.of(self, [], decider)

    def fold(self, history: Sequence[StoredEvent], start: DomainState = INITIAL_STATE) -> Ended:
        """Fold stored events, in EventKey order, upon a state."""
        self.logic.begin()
        with self.current():
            folded = fold(self.logic, start, history, seconds_per_event=self.seconds_per_event)
            stop = None if folded.failure is None else self._stop(folded.failure)
        return Ended(folded.state, stop)

    def check_round_trip(self, events: Events, *, ignore: Collection[str] = ()) -> None:
        """Check that each object, after each event, comes back from its row with the same values and types.

        Values of a `cached_property` are not compared.

        Args:
            events: events of any domain objects.
            ignore: names of attributes of your objects that may differ.

        Raises:
            AssertionError: with a line for each attribute that does not come back as it was.
            ValueError: as in `given`.
        """
        __tracebackhide__ = True
        from .checks.round_trip import check_round_trip

        check_round_trip(self, list(histories(events).values()), ignore)

    def check_order_free(self, events: Events, *, examples: int = 50) -> None:
        """Check that the events give the same rows in whatever order, repetition and batches they are delivered.

        The real projection runs on tables in memory. Deliveries may be shuffled, repeated, late, and in any batches;
        objects may be rebuilt in between.

        Args:
            events: events of any domain objects.
            examples: how many deliveries to play; of long histories fewer. Each call plays the same ones.

        Raises:
            AssertionError: with the smallest delivery that was found to end in another row.
            MissingExtra: hypothesis is not installed.
            ValueError: as in `given`.
        """
        __tracebackhide__ = True
        from .checks.order_free import check_order_free

        check_order_free(self, list(histories(events).values()), examples)

    def check_deterministic(self, events: Events) -> None:
        """Check that the events give the same rows in another process, at another time, and in another place.

        Fresh interpreters fold the events, with other clocks, hash seeds, time zones, locales, folders and
        environments. Rows and payloads reach the logic with their keys in another order, since DynamoDB keeps none.

        Args:
            events: events of any domain objects.

        Raises:
            AssertionError: with the event, each attribute that differs after it, both values, and what they depend on.
            MissingExtra: time-machine is not installed.
            ValueError: as in `given`.
        """
        __tracebackhide__ = True
        from .checks.deterministic import check_deterministic

        check_deterministic(self, list(histories(events).values()))

    def check_isolated(self, events: Events) -> None:
        """Check that no object's data reaches another object's row.

        Each object is folded alone in a process, and together with the others: by turns, one after the other, and
        twice. Further objects are made from the given history with the most kinds of events, with the same payloads and
        with others.

        Args:
            events: events of any domain objects.

        Raises:
            AssertionError: with both objects, the event, each attribute that differs after it, both values, and what
                the layer's modules and classes keep.
            ValueError: as in `given`.
        """
        __tracebackhide__ = True
        from .checks.isolated import check_isolated

        check_isolated(self, list(histories(events).values()))

    def check_evolution(self, events: Events, *, earlier: Folder) -> "EvolutionReport":
        """Check what this logic makes of rows that earlier logic computed.

        Args:
            events: events of any domain objects.
            earlier: the folder of the earlier logic.

        Returns:
            What happens at each event: the object is folded again, continued as a mixture, or parked.

        Raises:
            AssertionError: a row differs from the fold of all events by this logic.
            BrokenDomainLogic: the earlier logic cannot be loaded.
            ValueError: as in `given`.
        """
        __tracebackhide__ = True
        from .checks.evolution import check_evolution

        return check_evolution(
            self, list(histories(events).values()), load(earlier, seconds_per_event=self.seconds_per_event)
        )

    def check(self, events: Events, *, earlier: Folder | None = None, ignore: Collection[str] = ()) -> None:
        """Run all checks, and report everything that they find, with the errors of `cp-event-source check`.

        Args:
            events: events of any domain objects.
            earlier: the folder of earlier logic, for `check_evolution`; without it that check does not run.
            ignore: as in `check_round_trip`.

        Raises:
            AssertionError: with what each check found; or no first event can be applied, so that there is nothing to
                check.
            MissingExtra, ValueError: as in the checks.
        """
        __tracebackhide__ = True
        given = list(events)
        self._must_fold_something(given)
        checks: dict[str, Callable[[], object]] = {
            "layer": self._must_load,
            "round trip": lambda: self.check_round_trip(given, ignore=ignore),
            "deterministic": lambda: self.check_deterministic(given),
            "isolated": lambda: self.check_isolated(given),
            "order-free": lambda: self.check_order_free(given),
        }
        if earlier is not None:
            checks["evolution"] = lambda: self.check_evolution(given, earlier=earlier)
        found = []
        for name, check in checks.items():
            try:
                check()
            except AssertionError as error:
                found.append(f"{name}: {error}")
        if found:
            raise AssertionError("\n\n".join(found))

    def _must_load(self) -> None:
        __tracebackhide__ = True
        from ..layer.contract_check import check_domain_layer

        errors = check_domain_layer(self.folder).errors
        if errors:
            raise AssertionError("\n".join(f"{shown_path(self.folder)}/{each}" for each in errors))

    def _must_fold_something(self, events: Events) -> None:
        __tracebackhide__ = True
        ended = [must_end(self.fold(history), history) for history in histories(events).values()]
        stops = [each.stop for each in ended if each.stop is not None and not each.state.applied.count]
        if len(stops) == len(ended):
            raise AssertionError(f"there is nothing to check: no first event can be applied; {stops[0].text(1, 1)}")

    def reloaded(self) -> "Layer":
        """The same folder, loaded again: no state of a module or class is left."""
        return load(self.folder, seconds_per_event=self.seconds_per_event)

    @property
    def modules(self) -> dict[str, ModuleType]:
        """The layer's modules that are loaded now, within `current`."""
        return self._modules.loaded()

    @contextmanager
    def current(self) -> Iterator[None]:
        """While the block runs, imports of the layer's code find the layer's modules."""
        with self._modules.current():
            yield

    def _stop(self, failure: Failure) -> Stop:
        raised = self.logic.raised
        places = [] if raised is None else places_of(raised, self._modules.folder)
        at = place_at(failure.place, self._modules.folder)
        if at is not None and (at.file, at.line) not in {(each.file, each.line) for each in places}:
            places = [at]  # what the logic returned was refused, or what it raised follows from that
        return Stop(failure, places)


def _nothing_there(folder: Folder, path: Path) -> str:
    shown = os.fspath(folder)
    if not path.is_dir():
        found = "is a file" if path.exists() else f"does not exist in {Path.cwd()}"
        return f"{shown} {found}; give the folder that holds {contract.FILE}"
    nested = path / "python" / contract.FILE
    hint = f"give {Path(shown) / 'python'} instead" if nested.is_file() else f"create {contract.FILE} in it"
    return f"{shown} has no {contract.FILE}; {hint}"


def _broken(error: BrokenDomainLogic, folder: Path) -> str:
    """What is wrong, with its place: where the import failed, or what reading the folder finds."""
    cause = error.__cause__
    if cause is not None:
        places = places_of(cause, folder)
        return f"{places[-1]}: {error}\n  {places[-1].source}" if places else f"{shown_path(folder)}: {error}"
    from ..layer.contract_check import check_domain_layer  # here: a layer that loads does not need it

    found = check_domain_layer(folder).errors
    if found:
        return "\n".join(f"{shown_path(folder)}/{each}" for each in found)
    return f"{shown_path(folder)}: {error}"
