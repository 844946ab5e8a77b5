"""Checks a domain's logic layer by reading it, against its contract and against what the functions can load.

It never runs the layer.
"""

from pathlib import Path

from ..handler.domain import contract
from ..handler.values.collector import collector_paused
from .domain_contract import CONTRACT, DomainContract
from .findings import Finding, Report, in_order
from .import_failures import dataclass_failures, undefined_names
from .imports import Imports
from .layer_folder import LayerFolder
from .loadable_files import hiding_modules, too_large, wrong_binaries
from .printing import printed
from .python_source import Sources
from .reach import Reach
from .set_order import set_order
from .shared_state import shared_attributes, shared_defaults, shared_variables
from .targets import Routine, Targets
from .unsteady import unsteady
from .values import Sets

__all__ = ["Finding", "Report", "check_domain_layer"]


def check_domain_layer(source_dir: str | Path) -> Report:
    """Check the folder that a domain logic layer is made from.

    All that is found is reported at once: what breaks the contract, what the functions cannot load, what fails on
    import, and what makes a row depend on anything but its events.

    Args:
        source_dir: the folder that holds `domain_handler.py`.
    """
    path = Path(source_dir)
    if not path.is_dir():
        found = "is a file" if path.exists() else "does not exist"
        return Report((Finding(f"{path} {found}; give the folder that holds {contract.FILE}"),), ())
    check = _Check(LayerFolder(path))
    with collector_paused():  # the parsed files are millions of objects, all in use
        check.run()
    return Report(in_order(check.errors), in_order(check.warnings))


class _Check:
    """One check of one folder. It collects what it finds."""

    def __init__(self, folder: LayerFolder) -> None:
        self.folder = folder
        self.sources = Sources(folder)
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []

    def run(self) -> None:
        self.errors += [*hiding_modules(self.folder), *wrong_binaries(self.folder), *too_large(self.folder)]
        if contract.FILE in self.folder.files:
            self._logic()
        else:
            self._without_logic()

    def _without_logic(self) -> None:
        path = self.folder.path
        nested = next(iter(sorted(path.glob(f"*/{contract.FILE}"))), None)
        misspelled = next((name for name in self.folder.files if _plain(name) == _plain(contract.FILE)), None)
        hint = (
            f"give {nested.parent} instead"
            if nested
            else f"rename {misspelled} to it"
            if misspelled
            else f"it must define {CONTRACT}"
        )
        self.errors.append(Finding(f"{path} has no {contract.FILE}; {hint}"))

    def _logic(self) -> None:
        sources = self.sources
        imports = Imports(sources)
        self.errors += imports.of_module(contract.MODULE)
        domain = DomainContract(sources)
        file = sources.module(contract.MODULE)
        if file is not None:
            domain.check(file)
        targets = Targets(sources, [each for each in imports.imported.values() if not each.foreign])
        reach = Reach(targets, sources)
        entries = [(each.called, Routine.at(each.file, each.node)) for each in domain.methods if not each.file.foreign]
        called, imported = reach.from_entries(entries), reach.from_import()
        for each in called:
            self.errors += imports.of_code(each)
        self.errors += [*domain.errors, *dataclass_failures(targets, sources)]
        self.errors += undefined_names([*imported, *called], sources)
        self.warnings += [
            *domain.warnings,
            *unsteady(reach, [*called, *imported]),
            *set_order(Sets(targets), called),
            *shared_attributes(targets, called),
            *shared_defaults(targets),
            *shared_variables(targets, reach, called),
        ]
        own = [name for name in self.folder.files if name.endswith(".py") and not self.folder.is_foreign(name)]
        read = [each for each in map(sources.file, own) if each is not None]
        self.warnings += printed(targets, read)
        self.errors += [each for name, each in sources.unreadable.items() if not self.folder.is_foreign(name)]
        self.warnings += sources.newer.values()


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
