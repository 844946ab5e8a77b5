"""Compiled files that the Python of this machine cannot load.

Functions' processes run this file, too, so it needs nothing of this package.
"""

import platform
import re
import sys
from collections.abc import Callable, Iterable
from importlib.machinery import EXTENSION_SUFFIXES

_COMPILED = re.compile(r"\.(so|pyd|dylib|dll)(\.\d+)*$")
_TAG = re.compile(r"\.(?:cpython-|cp)(\d)(\d+)[a-z]*-([A-Za-z0-9_-]+)\.(?:so|pyd)$")
"""As in numpy.cpython-314-aarch64-linux-gnu.so and numpy.cp314-win_amd64.pyd."""

_PROCESSORS = {"aarch64": "arm64", "amd64": "x86_64", "x64": "x86_64", "win_amd64": "x86_64", "i686": "x86"}
_ELF_MACHINES = {0x03: "x86", 0x28: "arm", 0x3E: "x86_64", 0xB7: "arm64", 0xF3: "riscv64"}
_MACHO_PROCESSORS = {0x01000007: "x86_64", 0x0100000C: "arm64"}
_PE_MACHINES = {0x014C: "x86", 0x8664: "x86_64", 0xAA64: "arm64"}
_SYSTEMS = {"Darwin": "macOS"}

HEAD_BYTES = 4096
"""How much of a file says for which machine it is."""


def foreign_files(files: Iterable[tuple[str, Callable[[], bytes]]]) -> list[str]:
    """A text for each compiled file that this machine's Python cannot load: the file, and what it is built for.

    Args:
        files: each file's name, and a function that returns its first HEAD_BYTES bytes.
    """
    found = []
    for name, head in files:
        if _COMPILED.search(name) and (built_for := _foreign(name, head())):
            found.append(f"{name.rpartition('/')[2]} is built for {built_for}")
    return found


def summary(texts: Iterable[str]) -> str:
    """The first of the texts, and how many more there are."""
    first, *others = texts
    return f"{first}, and {len(others)} more" if others else first


def this_machine() -> str:
    """The Python, processor and system that run this."""
    return f"{_python(*map(str, sys.version_info[:2]))} on {_processor(platform.machine())} ({_system()})"


def _foreign(name: str, head: bytes) -> str:
    """What a compiled file is built for; empty if this machine's Python can load it, or if that is unknown."""
    tag = _TAG.search(name)
    targets = targets_of(head)
    fits = not targets or (_system(), _processor(platform.machine())) in targets
    if fits and (tag is None or tag[0] in EXTENSION_SUFFIXES):
        return ""
    python = f"{_python(tag[1], tag[2])} on " if tag else ""
    if targets:
        return python + " and ".join(f"{processor} ({system})" for system, processor in sorted(targets))
    return f"{python}{tag[3]}" if tag else ""


def targets_of(head: bytes) -> set[tuple[str, str]]:
    """The systems and processors that a compiled file's header names; none if it is not one that is known.

    Args:
        head: the first HEAD_BYTES bytes.
    """
    if head[:4] == b"\x7fELF":
        order = "big" if head[5:6] == b"\x02" else "little"
        machine = int.from_bytes(head[18:20], order)  # type: ignore[arg-type]
        return {("Linux", _ELF_MACHINES.get(machine, f"processor {machine}"))}
    if head[:4] in {b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe"}:
        return {("macOS", _macho_processor(int.from_bytes(head[4:8], "little")))}
    if head[:4] == b"\xca\xfe\xba\xbe":  # several in one
        count = min(int.from_bytes(head[4:8], "big"), 16)
        starts = range(8, 8 + 20 * count, 20)
        return {("macOS", _macho_processor(int.from_bytes(head[start : start + 4], "big"))) for start in starts}
    if head[:2] == b"MZ":
        start = int.from_bytes(head[60:64], "little") + 4
        machine = int.from_bytes(head[start : start + 2], "little")
        return {("Windows", _PE_MACHINES.get(machine, f"processor {machine}"))}
    return set()


def _macho_processor(number: int) -> str:
    return _MACHO_PROCESSORS.get(number, f"processor {number}")


def _system() -> str:
    return _SYSTEMS.get(platform.system(), platform.system())


def _processor(name: str) -> str:
    return _PROCESSORS.get(name.lower(), name.lower())


def _python(major: str, minor: str) -> str:
    return f"Python {major}.{minor}"
