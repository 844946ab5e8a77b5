"""Loads the domain logic into a service: once in a process, since its own modules have fixed names."""

import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from cp_event_source.handler.domain import contract
from cp_event_source.handler.domain.logic import BrokenDomainLogic, DomainLogic
from cp_event_source.handler.domain.logic import load as load_from_path

Layer = str | os.PathLike[str] | ModuleType

_lock = threading.Lock()


def load(layer: Layer | None) -> DomainLogic:
    """The domain logic.

    Args:
        layer: the folder with `domain_handler.py`, which is put on the path; or the module itself, which a process
            with several domains imports under names of its own; or None if `domain_handler` can be imported, as in a
            Lambda function with the layer.

    Raises:
        TypeError: it is none of these.
        BrokenDomainLogic: the module is missing, cannot be imported, breaks the contract, or is another folder's.
    """
    if isinstance(layer, ModuleType):
        return DomainLogic(layer)
    if layer is not None and not isinstance(layer, str | os.PathLike):
        raise TypeError(
            "layer: must be the folder of the domain logic, or its module; got a value of the type "
            f"{type(layer).__name__}"
        )
    with _lock:
        if layer is None:
            if contract.MODULE not in sys.modules and find_spec(contract.MODULE) is None:
                raise BrokenDomainLogic(
                    f"layer: must be the folder with {contract.FILE}, or its module, unless {contract.MODULE} can be "
                    "imported, as in a Lambda function with the domain layer; found neither"
                )
            return load_from_path()
        folder = Path(layer).resolve()
        if not (folder / contract.FILE).is_file():
            raise BrokenDomainLogic(f"layer: must be a folder with {contract.FILE}; found none in {folder}")
        if contract.MODULE not in sys.modules and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        logic = load_from_path()
        loaded = Path(sys.modules[contract.MODULE].__file__ or "").resolve().parent
        if loaded != folder:
            raise BrokenDomainLogic(
                f"layer: must be the only layer of the process; {contract.MODULE} is loaded from {loaded}; import "
                "each module under a name of its own and give the modules"
            )
        return logic
