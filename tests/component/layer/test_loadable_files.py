"""Guarantee: a file that the function cannot load, that takes the place of one that it needs, or that is too much for
Lambda, is an error of the check."""

from pathlib import Path

import pytest

from cp_event_source.layer.layer_folder import LayerFolder
from cp_event_source.layer.loadable_files import too_large

from .layers import check, write

ARM64, X86_64, X86 = 0xB7, 0x3E, 0x03


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + machine.to_bytes(2, "little") + bytes(44)


MACH_O = bytes.fromhex("cffaedfe") + bytes(30)
WINDOWS = b"MZ" + bytes(60)


@pytest.mark.parametrize(
    ("name", "content", "made_for"),
    [
        ("fast.cpython-311-x86_64-linux-gnu.so", b"", "Python 3.11 on Linux on x86_64"),
        ("fast.cpython-314-x86_64-linux-gnu.so", b"", "Python 3.14 on Linux on x86_64"),
        ("fast.cpython-313-aarch64-linux-gnu.so", b"", "Python 3.13 on Linux on aarch64"),
        ("fast.cpython-314-aarch64-linux-musl.so", b"", "Python 3.14 on Linux with musl on aarch64"),
        ("fast.cpython-314t-aarch64-linux-gnu.so", b"", "Python 3.14 without the global lock on Linux on aarch64"),
        ("fast.cpython-314-darwin.so", b"", "Python 3.14 on macOS"),
        ("fast.pypy311-pp73-aarch64-linux-gnu.so", b"", "pypy311 on Linux on aarch64"),
        ("fast.pyd", b"", "Windows"),
        ("fast.cp314-win_amd64.pyd", b"", "Windows"),
        ("deep/in/libfast.dylib", b"", "macOS"),
        ("fast.so", elf(X86_64), "Linux on x86_64"),
        ("fast.so", elf(X86), "Linux on x86"),
        ("fast.so", MACH_O, "macOS on processor 0"),
        ("fast.so", WINDOWS, "Windows on processor 0"),
        ("fast.abi3.so", elf(X86_64), "Linux on x86_64"),
        ("fast.cpython-314-aarch64-linux-gnu.so", elf(X86_64), "Linux on x86_64"),
        ("fast.libs/libfast-1.so.3", elf(X86_64), "Linux on x86_64"),
        ("lib/python3.14/site-packages/fast.so", elf(X86_64), "Linux on x86_64"),
    ],
)
def test_a_compiled_file_for_another_processor_system_or_python_is_an_error(
    tmp_path: Path, name: str, content: bytes, made_for: str
) -> None:
    (error,) = check(tmp_path, {name: content}).errors
    assert error.startswith(f"{name}: is compiled for {made_for}, and the functions run ")
    assert "pip install --only-binary=:all: --python-version 3.14 --platform manylinux2014_aarch64" in error


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fast.cpython-314-aarch64-linux-gnu.so", elf(ARM64)),
        ("fast.abi3.so", elf(ARM64)),
        ("fast.so", elf(ARM64)),
        ("fast.libs/libfast.so.3.1", elf(ARM64)),
    ],
)
def test_one_that_the_function_loads_is_none(tmp_path: Path, name: str, content: bytes) -> None:
    head = "" if ".libs" in name else "import fast"
    assert check(tmp_path, {name: content}, head=head).errors == ()


def test_a_file_for_another_python_beside_one_for_the_function_is_none(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "fast/core.cpython-314-aarch64-linux-gnu.so": elf(ARM64),
        "fast/core.cpython-313-aarch64-linux-gnu.so": elf(ARM64),
        "fast/__init__.py": "from . import core",
    }
    assert check(tmp_path, files, head="import fast").errors == ()


def test_a_package_for_another_machine_is_one_error_that_names_it(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "fast/__init__.py": "from .one import x\n",
        "fast/one.cpython-311-x86_64-linux-gnu.so": b"",
        "fast/two.cpython-311-x86_64-linux-gnu.so": b"",
        "fast_core-1.0.dist-info/RECORD": "fast/__init__.py,,\nfast/one.cpython-311-x86_64-linux-gnu.so,,\n",
        "fast_core-1.0.dist-info/WHEEL": "Tag: cp311-cp311-manylinux_2_17_x86_64\n",
    }
    (error,) = check(tmp_path, files, head="import fast").errors
    assert error.startswith("fast/one.cpython-311-x86_64-linux-gnu.so: is compiled for Python 3.11 on Linux on x86_64")
    assert "(and 1 more files of fast_core)" in error
    assert error.endswith(" fast_core")


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        ("cp314-cp314-manylinux_2_17_aarch64.manylinux2014_aarch64", True),
        ("cp38-abi3-manylinux_2_28_aarch64", True),
        ("py3-none-manylinux2014_aarch64", True),
        ("cp314-cp314-linux_aarch64", True),
        ("cp311-cp311-manylinux_2_17_x86_64", False),
        ("cp313-cp313-manylinux_2_17_aarch64", False),
        ("cp314-cp314t-manylinux_2_17_aarch64", False),
        ("cp314-cp314-musllinux_1_2_aarch64", False),
        ("cp314-cp314-manylinux_2_38_aarch64", False),
        ("cp314-cp314-macosx_11_0_arm64", False),
        ("py2-none-any", False),
    ],
)
def test_the_tag_that_a_package_was_installed_for_must_fit(tmp_path: Path, tag: str, *, fits: bool) -> None:
    name = "fast-1.0.dist-info/WHEEL"
    found = check(tmp_path, {name: f"Wheel-Version: 1.0\nTag: {tag}\n"}).errors
    if fits:
        assert found == ()
    else:
        (error,) = found
        assert error.startswith(f"{name}:2: fast was installed for {tag}, and the functions run Python 3.14")


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("queue.py", "Python's module queue"),
        ("types.py", "Python's module types"),
        ("logging/__init__.py", "Python's module logging"),
        ("lib/python3.14/site-packages/json/__init__.py", "Python's module json"),
        ("random.cpython-314-aarch64-linux-gnu.so", "Python's module random"),
        ("botocore/__init__.py", "the package botocore of Lambda's runtime"),
        ("boto3.py", "the package boto3 of Lambda's runtime"),
        ("six.py", "the package six of Lambda's runtime"),
    ],
)
def test_a_file_that_hides_a_module_of_python_or_of_the_runtime_is_an_error(
    tmp_path: Path, name: str, hidden: str
) -> None:
    (error,) = check(tmp_path, {name: b""}).errors
    assert error.startswith(f"{name.removesuffix('__init__.py')}: hides {hidden} from the functions")


def test_a_module_that_python_never_lets_be_hidden_is_an_error_since_nothing_imports_it(tmp_path: Path) -> None:
    (error,) = check(tmp_path, {"time.py": ""}).errors
    assert error == "time.py: is never imported, because Python's module time comes first; rename it"


def test_modules_in_a_folder_named_as_a_module_of_python_are_never_found(tmp_path: Path) -> None:
    (error,) = check(tmp_path, {"calendar/rules.py": ""}).errors
    assert error.startswith("calendar/: has no __init__.py, so Python's module calendar is imported instead")


@pytest.mark.parametrize(
    "name", ["email/template.txt", "rules/queue.py", "distutils/__init__.py", "msvcrt.py", "lib.py"]
)
def test_what_hides_nothing_is_none(tmp_path: Path, name: str) -> None:
    assert check(tmp_path, {name: ""}).errors == ()


def test_a_layer_that_is_too_large_is_an_error_with_its_largest_files(tmp_path: Path) -> None:
    check(tmp_path)
    for name, megabytes in (("model.bin", 200), ("rates.csv", 40), ("small.txt", 1), ("maps.bin", 20)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(megabytes * 1024 * 1024)
    (error,) = check(tmp_path).errors
    assert "Lambda takes at most 250.0 MB" in error
    assert error.endswith("model.bin (200.0 MB), rates.csv (40.0 MB), maps.bin (20.0 MB)")


def test_the_functions_code_counts(tmp_path: Path) -> None:
    write(tmp_path, {"domain_handler.py": "x" * 1000})
    folder = LayerFolder(tmp_path)
    assert [*too_large(folder, 1000)] != []
    assert [*too_large(folder, 10_000_000)] == []


def test_what_the_check_says_of_the_runtime_is_what_the_component_registers() -> None:
    import pulumi

    from cp_event_source import CpEventSource, CpEventSourceArgs
    from cp_event_source.layer import runtime

    from ..deployment import arn, deploy

    def program() -> None:
        args = CpEventSourceArgs(cp_domain_name="File", cp_domain_logic_layer=arn("lambda", "layer:file-domain:1"))
        pulumi.export("bus", CpEventSource("files", args).event_bus_name)

    function = deploy(program).only("Function", "files-project").inputs
    assert function["runtime"] == runtime.RUNTIME == f"python{runtime.VERSION}"
    assert function["architectures"] == [{"aarch64": "arm64"}[runtime.MACHINE]]
