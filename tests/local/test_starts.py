"""Guarantee: why a function does not start is said once, with the file and line of the function's own code."""

import fcntl
import io
import os
import re
from pathlib import Path

import pytest

from cp_event_source.local.errors import FailedStartError
from cp_event_source.local.function_start import START_ONLY
from cp_event_source.local.starts import Starts, failed_starts
from tests.component.layer.test_compiled_files import elf
from tests.local.functions import Files, Functions

WORKS = "def handle(event, context): return event"
NAME = "the function files-project-1a2b3c4 does not start: "
FOREIGN = elf(0xF3)


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Functions:
    return Functions.within(tmp_path_factory.mktemp("functions"))


def cause(functions: Functions, code: Files, *layers: Files, handler: str = "index.handle") -> str:
    functions.run(code, *layers, handler=handler)
    (found,) = failed_starts(functions.runtime)
    assert failed_starts(functions.runtime) == []
    assert found.startswith(NAME), found
    return found.removeprefix(NAME)


def test_a_start_that_succeeds_leaves_nothing_and_the_handler_gets_only_real_events(functions: Functions) -> None:
    replies = functions.run({"index.py": WORKS}, events=[START_ONLY, {"real": 1}, None])

    assert [reply.get("result") for reply in replies] == [None, None, {"real": 1}, None]
    assert failed_starts(functions.runtime) == []
    assert list((functions.runtime / "starts").iterdir()) == []


@pytest.mark.parametrize(
    ("code", "layer", "expected"),
    [
        (
            "import os\nimport semver",
            {},
            (
                "index.py imports semver, which neither its code, its layers nor Lambda's Python has; add it to a layer"
                r" \(index.py:2\)"
            ),
        ),
        ("import pulumi.runtime", {}, r"index.py imports pulumi, which neither .* \(index.py:1\)"),
        ("import rules", {"python/rules.py": "\n\nimport semver"}, r"rules.py imports semver, .* \(rules.py:3\)"),
        (
            "import lib.a",
            {"python/lib/a.py": "from . import b", "python/lib/b.py": "import xyz"},
            r"lib/b.py imports xyz, .* \(lib/b.py:1\)",
        ),
        (
            "import vendored",
            {"python/lib/python3.14/site-packages/vendored/__init__.py": "import xyz"},
            r"vendored/__init__.py imports xyz, .* \(vendored/__init__.py:1\)",
        ),
        ("import json\njson.loads('')", {}, r"JSONDecodeError: Expecting value.* \(index.py:2\)"),
        ("import rules", {"python/rules.py": "def f(:"}, r"SyntaxError: invalid syntax \(rules.py:1\)"),
        ("import rules", {"python/rules.py": b"\xff"}, r"SyntaxError: .*utf-8.*"),
        ("from os import nothing", {}, r"ImportError: cannot import name 'nothing' from 'os'.*\(index.py:1\)"),
        ("raise ModuleNotFoundError('by hand')", {}, r"ModuleNotFoundError: by hand \(index.py:1\)"),
        ("raise KeyError", {}, r"KeyError \(index.py:1\)"),
        ("import sys\nsys.exit(3)", {}, r"SystemExit: 3 \(index.py:2\)"),
        ("import os\nos._exit(3)", {}, "its process ended while it started"),
        ("import os\nos.abort()", {}, "its process ended while it started"),
        ("class Bad(Exception):\n def __str__(self): 1 / 0\nraise Bad", {}, r"Bad \(index.py:3\)"),
        ("handel = 1", {}, "its code's module index has no handle, which its handler names"),
    ],
)
def test_the_cause(functions: Functions, code: str, layer: Files, expected: str) -> None:
    assert re.fullmatch(expected, cause(functions, {"index.py": code}, layer))


def test_a_handler_without_a_module(functions: Functions) -> None:
    assert cause(functions, {"main.py": WORKS}) == "its code has no module index, which its handler names"
    assert "no module deep, which" in cause(functions, {"index.py": WORKS}, handler="deep.index.handle")


def test_the_components_function_is_named_by_its_part_and_its_domain(functions: Functions) -> None:
    code = {
        "handler/project_function.py": "class BrokenDomainLogic(Exception): ...\nraise BrokenDomainLogic('it says all')"
    }

    functions.run(code, handler="handler.project_function.handle", environment={"DOMAIN_NAME": "File"})

    assert failed_starts(functions.runtime) == ["the project function of the domain File does not start: it says all"]


@pytest.mark.parametrize("name", ["fast.cpython-399-riscv64-linux-gnu.so", "fast.so"])
def test_a_layer_for_another_machine_is_the_cause(functions: Functions, name: str) -> None:
    layer = {f"python/{name}": FOREIGN, "python/a_first.so": FOREIGN, "python/z.so": FOREIGN}

    text = cause(functions, {"index.py": "import fast"}, layer)

    assert "(index.py:1)" in text
    assert f"{name} is built for " in text
    assert "riscv64 (Linux)" in text
    assert ", and 2 more; this machine runs Python 3." in text
    assert "add it to a layer" not in text
    assert str(functions.folder) not in text


@pytest.mark.parametrize(
    "file", ["queue.py", "signal.py", "typing.py", "six.py", "botocore/__init__.py", "colorsys/__init__.py"]
)
def test_a_file_that_hides_a_module_is_named(functions: Functions, file: str) -> None:
    """`queue` is what the SDK needs; `signal` and `typing` are what the report of a start needs."""
    top = file.partition("/")[0]
    code = f"import boto3\nimport {top.removesuffix('.py')} as it\nit.missing"

    text = cause(functions, {"index.py": code}, {f"python/{file}": ""})

    assert text.endswith(f"; {top} hides what Lambda's Python has under that name: rename it"), text


def test_a_file_that_hides_nothing_that_matters_is_not_named(functions: Functions) -> None:
    assert cause(functions, {"index.py": "1 / 0"}, {"python/colorsys.py": ""}).endswith("by zero (index.py:1)")
    text = cause(functions, {"index.py": "import json\njson.missing"}, {"python/json.py": ""})
    assert text == "AttributeError: module 'json' has no attribute 'missing' (index.py:2)"


def test_another_cause_does_not_blame_the_layers_machine(functions: Functions) -> None:
    assert cause(functions, {"index.py": "1 / 0"}, {"python/fast.so": FOREIGN}).endswith("by zero (index.py:1)")


class Client:
    """Lambda with one answer."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def invoke(self, **_: object) -> object:
        return self._answer


def test_without_a_process_that_reports_the_emulators_words_are_the_cause() -> None:
    starts = Starts()
    starts.begin(Client({"StatusCode": 200, "Payload": io.BytesIO(b"null")}), "works", "python3.14")
    starts.begin(Client({"FunctionError": "Unhandled", "Payload": io.BytesIO(b"not read")}), "other", "nodejs24.x")
    starts.wait(lambda: None)

    reply = io.BytesIO(b'{"errorMessage": "no layer", "errorType": "RuntimeError"}')
    starts.begin(Client({"FunctionError": "Unhandled", "Payload": reply}), "fails", "python3.14")
    with pytest.raises(FailedStartError, match="the function fails does not start: no layer"):
        starts.wait(lambda: None)


def test_an_import_that_hangs_is_reported_with_its_place_while_it_does(tmp_path: Path) -> None:
    functions = Functions.within(tmp_path)
    watch = f"""
import pathlib, time
(path,) = pathlib.Path({str(functions.runtime / "starts")!r}).iterdir()
while "_worker.py" not in path.read_text(): time.sleep(0.02)
pathlib.Path({str(tmp_path / "copy")!r}).write_text(path.read_text())
"""
    (start,) = functions.runtime.rglob("cp_event_source_function_start.py")
    source = start.read_text()
    start.unlink()
    for seconds in ("0.3", "1.0", "3.0", "9.0"):  # on a busy machine, the SDK's import takes longer than the shortest
        start.write_text(source.replace("HANG_SECONDS: Final = 20.0", f"HANG_SECONDS: Final = {seconds}"))
        functions.run({"index.py": "import slow\n" + WORKS}, {"python/slow.py": watch})
        assert failed_starts(functions.runtime) == [], "it has started after all"
        if "slow.py" in (tmp_path / "copy").read_text():
            break

    (functions.runtime / "starts" / "1").write_text((tmp_path / "copy").read_text())
    with (functions.runtime / "starts" / "1").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert failed_starts(functions.runtime) == [], "it may not be complete"
        os.utime(functions.runtime / "starts" / "1", (0, 0))
        assert failed_starts(functions.runtime) == [f"{NAME}its import takes more than 20 s (slow.py:4)"]
        assert failed_starts(functions.runtime) == []


def test_a_start_that_goes_on_is_not_reported(functions: Functions) -> None:
    starts = functions.runtime / "starts"
    starts.mkdir(exist_ok=True)
    with (starts / "2").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write('{"function": "f"}\n')
        held.flush()
        assert failed_starts(functions.runtime) == []
        (starts / "2").unlink()
