"""Guarantee: a compiled file that this machine's Python cannot load is known by its name or by its header."""

import platform
import sys
import sysconfig
from functools import partial
from pathlib import Path

import pytest

from cp_event_source.layer import compiled_files
from cp_event_source.layer.compiled_files import HEAD_BYTES, foreign_files, summary, this_machine


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(11) + machine.to_bytes(2, "little") + bytes(100)


def macho(processor: int) -> bytes:
    return b"\xcf\xfa\xed\xfe" + processor.to_bytes(4, "little") + bytes(100)


def universal(*processors: int) -> bytes:
    parts = b"".join(processor.to_bytes(4, "big") + bytes(16) for processor in processors)
    return b"\xca\xfe\xba\xbe" + len(processors).to_bytes(4, "big") + parts


def windows(machine: int) -> bytes:
    return b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + machine.to_bytes(2, "little")


ARM, X86 = elf(0xB7), elf(0x3E)
MAC_ARM, MAC_X86 = macho(0x0100000C), macho(0x01000007)


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11 on Linux and x86_64, whatever runs this."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(compiled_files, "EXTENSION_SUFFIXES", [".cpython-311-x86_64-linux-gnu.so", ".abi3.so", ".so"])


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(
    ("name", "head", "built_for"),
    [
        ("a.cpython-314-aarch64-linux-gnu.so", ARM, "Python 3.14 on arm64 (Linux)"),
        ("a.cpython-314-aarch64-linux-gnu.so", b"", "Python 3.14 on aarch64-linux-gnu"),
        ("a.cpython-314-x86_64-linux-gnu.so", X86, "Python 3.14 on x86_64 (Linux)"),
        ("a.cpython-311-x86_64-linux-musl.so", X86, "Python 3.11 on x86_64 (Linux)"),
        ("a.cpython-314t-aarch64-linux-gnu.so", ARM, "Python 3.14 on arm64 (Linux)"),
        ("a.cpython-311-darwin.so", MAC_ARM, "Python 3.11 on arm64 (macOS)"),
        ("a.cpython-311-darwin.so", universal(0x01000007, 0x0100000C), "arm64 (macOS) and x86_64 (macOS)"),
        ("a.cp314-win_amd64.pyd", windows(0x8664), "Python 3.14 on x86_64 (Windows)"),
        ("a.abi3.so", ARM, "arm64 (Linux)"),
        ("a.so", ARM, "arm64 (Linux)"),
        ("numpy.libs/libgfortran-8f1e9814.so.5.0.0", ARM, "arm64 (Linux)"),
        ("libx.dylib", MAC_X86, "x86_64 (macOS)"),
        ("x.so", elf(0x1234), "processor 4660 (Linux)"),
    ],
)
def test_a_file_for_another_machine_is_named_with_what_it_is_built_for(name: str, head: bytes, built_for: str) -> None:
    (text,) = foreign_files([(f"python/deep/{name}", lambda: head)])

    assert text.startswith(f"{Path(name).name} is built for ")
    assert text.endswith(built_for)


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.cpython-311-x86_64-linux-gnu.so", X86),
        ("a.abi3.so", X86),
        ("a.so", X86),
        ("libx.so.5", X86),
        ("a.so", b""),
        ("a.so", b"\x7fELF"),
        ("empty.so.txt", ARM),
        ("a.py", ARM),
        ("also.py", b""),
    ],
)
def test_other_files_are_not_named(name: str, head: bytes) -> None:
    if head == b"\x7fELF":  # cut off: for no machine that this knows
        assert foreign_files([(name, lambda: head)]) == [f"{name} is built for processor 0 (Linux)"]
    else:
        assert foreign_files([(name, lambda: head)]) == []


def test_what_this_python_itself_loads_is_not_named() -> None:
    files = [*Path(sysconfig.get_path("platlib")).rglob("*.so"), *Path(sysconfig.get_path("stdlib")).rglob("*.so")]
    assert len(files) > 20

    assert foreign_files((str(file), partial(_head, file)) for file in files) == []


def _head(file: Path) -> bytes:
    with file.open("rb") as content:
        return content.read(HEAD_BYTES)


def test_this_machine_is_described_as_files_are() -> None:
    assert this_machine().startswith(f"Python {sys.version_info[0]}.{sys.version_info[1]} on ")


def test_of_many_texts_the_first_is_shown() -> None:
    assert summary(["a"]) == "a"
    assert summary(["a", "b", "c"]) == "a, and 2 more"
