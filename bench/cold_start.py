"""Section 7: the cost of a cold start, compared with botocore alone, and its parts."""

import compileall
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from .report import Cell, Section, Table
from .scale import Scale

_REPOSITORY = Path(__file__).parents[1]
_TIMED = "import time; c = time.process_time(); w = time.perf_counter()\n{}\n"
_TIMED += "print(time.process_time() - c, time.perf_counter() - w)"
_CLIENTS = """
from botocore.config import Config
from botocore.session import get_session
session = get_session()
config = Config(
    connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}, tcp_keepalive=True
)
for service in ("dynamodb", "sqs"):
    session.create_client(service, config=config)
"""
# create the clients first, or their time would count as the own time of the module that creates them
_IMPORTS = """
import time
from handler.aws import clients
start = time.perf_counter()
made = clients.dynamodb(), clients.sqs()
print(time.perf_counter() - start)
clients.dynamodb, clients.sqs = (lambda: made[0]), (lambda: made[1])
import handler.{}
"""
_FUNCTIONS = ("persist_function", "project_function")
_SETTINGS = {
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "DOMAIN_NAME": "File",
    "DOMAIN_EVENTS_TABLE": "events",
    "DOMAIN_TABLE": "rows",
    "DOMAIN_SNAPSHOTS_TABLE": "snapshots",
    "INGEST_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/letters",
    "PARKED_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/parked",
    "MAX_FUTURE_SKEW_SECONDS": "600",
    "EVENT_TIME_LIMIT_SECONDS": "10",
    "EVENTS_PER_SNAPSHOT": "100",
    "LOGIC_VERSION": "1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
}
_BARE = "botocore and both clients"
_CLIENTS_MADE = "made, not imported"


def section(scale: Scale) -> Section:
    """Measure."""
    with TemporaryDirectory() as folder:
        source, compiled = (_copied(Path(folder) / kind) for kind in ("source", "compiled"))
        compileall.compile_dir(compiled, quiet=1)
        starts = _starts(source, compiled, scale.starts)
        imports = [row for function in _FUNCTIONS for row in _imports(function, source, -(-scale.starts // 3))]
    return Section(
        "7. Cold start",
        [
            Table(
                ("program", "CPU, ms, best", "median", "wall, ms, best", "CPU against botocore's"),
                list(_start_rows(starts)),
                "Imports and clients in a fresh interpreter, the programs in turn",
                f"Best of {scale.starts}. From source: the functions' own modules are compiled at each start, as on "
                "Lambda, where the folder of the code is read-only. Everything else is compiled before.",
            ),
            Table(
                ("function", "part", "ms", "share", "largest"),
                imports,
                "The parts of a start from source, by `python -X importtime`, which slows imports down",
            ),
        ],
    )


def _copied(folder: Path) -> Path:
    """Copy the functions' code and a layer to a folder, without compiled files."""
    shutil.copytree(_REPOSITORY / "handler", folder / "handler", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(_REPOSITORY / "examples/default/file_domain/domain_handler.py", folder)
    return folder


def _starts(source: Path, compiled: Path, rounds: int) -> Mapping[str, Sequence[tuple[float, float]]]:
    programs = {_BARE: (_CLIENTS, compiled)}
    for function in _FUNCTIONS:
        programs[f"{function}, compiled"] = (f"import handler.{function}", compiled)
        programs[f"{function}, from source"] = (f"import handler.{function}", source)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, (program, code) in programs.items():
            cpu, wall = map(float, _run(_TIMED.format(program), code).stdout.split())
            times[name].append((cpu, wall))
    return times


def _start_rows(starts: Mapping[str, Sequence[tuple[float, float]]]) -> Iterator[Sequence[Cell]]:
    best = {name: min(cpu for cpu, _ in times) for name, times in starts.items()}
    for name, times in starts.items():
        wall = min(each for _, each in times)
        milliseconds = (1000 * each for each in (best[name], median(cpu for cpu, _ in times), wall))
        yield (name, *(round(each, 1) for each in milliseconds), f"{best[name] / best[_BARE]:.2f}")


def _imports(function: str, code: Path, rounds: int) -> Iterator[Sequence[Cell]]:
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, milliseconds in _import_times(function, code):
            best[name] = min(milliseconds, best.get(name, milliseconds))
    groups: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, milliseconds in best.items():
        groups[_group(name)].append((milliseconds, name))
    total = sum(best.values())
    for group, modules in sorted(groups.items(), key=lambda each: -sum(ms for ms, _ in each[1])):
        time = sum(ms for ms, _ in modules)
        most = ", ".join(f"{name} {ms:.1f}" for ms, name in sorted(modules, reverse=True)[:4])
        yield (function, group, round(time, 1), f"{time / total:.0%}", most)


def _import_times(function: str, code: Path) -> Iterator[tuple[str, float]]:
    """Each module's own time and the time to create the clients, in milliseconds."""
    done = _run(_IMPORTS.format(function), code, "-X", "importtime")
    lines = done.stderr.splitlines()
    # the interpreter's own imports end with `site`
    for line in lines[next(number for number, line in enumerate(lines) if line.endswith("| site")) + 1 :]:
        microseconds, _, name = line.removeprefix("import time:").split("|")
        yield name.strip(), int(microseconds) / 1000
    yield _CLIENTS_MADE, 1000 * float(done.stdout)


def _group(module: str) -> str:
    if module == _CLIENTS_MADE:
        return "botocore's clients"
    top = module.partition(".")[0]
    if top in {"handler", "domain_handler"}:
        return "the functions' own"
    return "the standard library" if top in sys.stdlib_module_names else "botocore and what it needs"


def _run(program: str, code: Path, *options: str) -> subprocess.CompletedProcess[str]:
    fixed = {"PATH": os.defpath, "HOME": str(code), "PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(  # noqa: S603
        [sys.executable, *options, "-c", program],
        cwd=code,
        env=_SETTINGS | fixed,
        capture_output=True,
        text=True,
        check=True,
    )
