"""Warns of what gives another value each time: the same events, folded again, would give another row."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from .findings import Finding
from .python_source import dotted
from .reach import Reach, Reached, Reference
from .scopes import Function
from .targets import External

_CLOCK: Final = "which gives another value each time the events are folded; use event_time or what the event holds"
_RANDOM: Final = (
    "which gives another value each time the events are folded; use event_time, event_id or what the event holds"
)
_ENVIRONMENT: Final = (
    "which is not in the events, so that the same events can give another row; put the value into an event or into the "
    "code"
)
_NETWORK: Final = (
    "which is outside the events: it can fail, answer differently each time, and have effects each time the events are "
    "folded; put what an answer says into an event, and what should follow from a change into a consumer"
)
_FILES: Final = (
    "which reads or changes a file that each process has for itself; use what the event holds, and ship data as a file "
    "or module of the layer that the import reads"
)
_END: Final = "which ends the process, or parks the object without a reason; raise an exception that says what is wrong"
_WAIT: Final = "which takes from the time that the logic has for an event, and changes nothing in the row; take it out"
_PROCESS: Final = "which differs from process to process; use a value that the event holds"

# Patterns of full names, and why each is unsteady.
_UNSTEADY: Final = [
    (re.compile(pattern), why)
    for pattern, why in (
        (r"datetime\.(date\.today|datetime\.(now|today|utcnow))", _CLOCK),
        (r"time\.(time|monotonic|perf_counter|process_time|thread_time)(_ns)?", _CLOCK),
        (r"time\.clock_gettime(_ns)?", _CLOCK),
        (r"(arrow|pendulum)\.(utc)?now|freezegun\..*|django\.utils\.timezone\.now", _CLOCK),
        (r"random\.(?!Random\(\))\w+.*|secrets\.\w+|numpy\.random\..*|faker\..*", _RANDOM),
        (r"os\.(urandom|getrandom)|uuid\.(uuid[14678]|getnode)|ulid\..*|nanoid\..*|shortuuid\..*", _RANDOM),
        (r"os\.(environb?|getenvb?)", _ENVIRONMENT),
        (r"os\.(getcwd|getlogin|uname)|platform\.node|socket\.gethostname|getpass\.getuser", _ENVIRONMENT),
        (
            (
                r"(requests|httpx|aiohttp|urllib3|boto3|botocore|aioboto3|redis|pymongo|psycopg2?|pymysql|paramiko|grpc"
                r"|websockets?|socket|ftplib|smtplib|imaplib|poplib|xmlrpc\.client|urllib\.request|http\.client"
                r"|asyncio\.open_connection|sqlalchemy\.create_engine)\.(?!dynamodb\.|.*(Error|Exception)\b).+"
            ),
            _NETWORK,
        ),
        (r"os\.(system|popen|fork|exec\w+|spawn\w+)|subprocess\.(?!.*(Error|Expired)\b).+", _NETWORK),
        (
            (
                r"open|io\.open|os\.(open|listdir|scandir|walk|stat|remove|unlink|rename|replace|mkdir|makedirs|rmdir)"
                r"|os\.path\.(exists|isfile|isdir|getmtime|getsize)|shutil\.\w+|tempfile\.\w+|glob\.i?glob|sqlite3\.connect"
            ),
            _FILES,
        ),
        (
            (
                r"pathlib\.Path\(\).*\.(open|read_text|read_bytes|write_text|write_bytes|exists|is_file|is_dir|stat|iterdir"
                r"|glob|rglob|touch|mkdir|unlink|rename|replace)"
            ),
            _FILES,
        ),
        (r"(sys\.)?exit|quit|os\.(_exit|abort|kill)", _END),
        (r"(time|asyncio)\.sleep", _WAIT),
        (r"id|hash|os\.(getpid|getppid|cpu_count)|threading\.(get_ident|get_native_id)", _PROCESS),
    )
]
# Without its argument, each of these takes the clock's time; the number is that of the arguments that it needs.
_CLOCK_BY_DEFAULT: Final = {
    "time.gmtime": 1,
    "time.localtime": 1,
    "time.ctime": 1,
    "time.asctime": 1,
    "time.strftime": 2,
}
# As they look in a fragment without its imports.
_FRAGMENTS: Final = re.compile(
    r"datetime\.(utcnow|now|today)|date\.today|(datetime|date)\.\w+\.(utcnow|now|today)|uuid\.uuid[14]|uuid[14]"
    r"|random\.\w+|secrets\.\w+|os\.(urandom|environ|getenv)|time\.time(_ns)?"
)


def looks_unsteady(name: str) -> bool:
    """Whether a written name that nothing defines looks like a known one without its import."""
    return _FRAGMENTS.fullmatch(name) is not None


def unsteady(reach: Reach, reached: list[Reached]) -> Iterator[Finding]:
    """A warning for each use of a clock, random numbers, the environment, the network, files or the process's own
    values in code that runs.

    Args:
        reach: what the code refers to.
        reached: the code that runs, nearest first.
    """
    seen: set[tuple[str, int, str]] = set()
    for code in reached:
        for reference in reach.references(code):
            if not isinstance(reference.target, External):
                continue
            name = reference.target.name
            written = dotted(reference.node)
            why = _why(name, written, reference, code)
            if why is None:
                continue
            key = (code.scope.file.name, reference.node.lineno, why)
            if key not in seen:
                seen.add(key)
                yield _finding(code, reference, written or name, name, why)


def _why(name: str, written: str, reference: Reference, code: Reached) -> str | None:
    if code.on_import and not code.path and reference.call is None and not name.startswith("os.environ"):
        return None  # the import gives a function another name, or passes it on
    if name in _CLOCK_BY_DEFAULT:
        missing = reference.call is not None and len(reference.call.args) < _CLOCK_BY_DEFAULT[name]
        return _CLOCK if missing else None
    if name == "random.Random" and reference.call is not None and (reference.call.args or reference.call.keywords):
        return None  # it has a seed
    if name.split(".")[0] in {"datetime", "date", "uuid", "random", "secrets", "os", "time"} and (
        name == written and _FRAGMENTS.fullmatch(name)
    ):
        why = _matching(name)
        return why or _CLOCK
    why = _matching(name)
    if why is _FILES and (code.on_import or _names_its_folder(code)):
        return None  # a file of the layer is part of the logic
    if why is _WAIT and code.on_import:
        return None
    if why is _PROCESS:
        if reference.call is None and name in {"id", "hash"}:
            return None
        if name == "hash" and isinstance(code.scope.node, Function) and code.scope.node.name == "__hash__":
            return None
        if name == "id" and code.on_import:
            return None
    return why


def _matching(name: str) -> str | None:
    return next((why for pattern, why in _UNSTEADY if pattern.fullmatch(name)), None)


def _names_its_folder(code: Reached) -> bool:
    """Whether the code names a file beside the module."""
    return any(isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(code.scope.node))


def _finding(code: Reached, reference: Reference, written: str, name: str, why: str) -> Finding:
    call = "()" if reference.call is not None or not name.startswith("os.environ") else ""
    full = name.replace("()", "")
    if code.on_import and not code.path:
        what = f"the import of {code.scope.file.module} {_verb(call)} {written}{call}"
    elif not code.path:
        what = f"{code.entry} {_verb(call)} {written}{call}"
    else:
        what = f"{code.entry} reaches {full}{call} through {', '.join(code.path)}"
    return Finding(f"{what}, {why}", code.scope.file.name, reference.node.lineno)


def _verb(call: str) -> str:
    return "calls" if call else "uses"
