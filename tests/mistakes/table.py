"""Typical mistakes of an author of domain logic: what was done, where it is shown today, and by what message.

The layer of each is the good one below, with a change. The line of the mistake ends with the mark `#!`, if it has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

MARK: Final = "#!"

GOOD: Final = """\
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class File:
    DomainId: str
    Name: str = ""
    Price: Decimal = Decimal(0)
    Tags: set[str] = field(default_factory=set)

    def apply(self, payload, event_name, event_time):
        match event_name:
            case "FileRenamed":
                self.Name = payload["Name"]
            case "FilePriced":
                self.Price = payload["Price"]
            case "FileTagged":
                self.Tags.add(payload["Tag"])
            case _:
                raise ValueError("the File domain does not know this event")


class Domain:
    @staticmethod
    def create_new(domain_id):
        return File(domain_id)

    @staticmethod
    def from_dynamo_item(item):
        return File(item.DomainId, item.Name, Decimal(item.Price), set(item.get("Tags", ())))

    @staticmethod
    def to_dynamo_item(file):
        item = {"DomainId": file.DomainId, "Name": file.Name, "Price": file.Price}
        if file.Tags:
            item["Tags"] = file.Tags
        return item
"""

Events = tuple[tuple[str, Mapping[str, Any]], ...]
RENAMED: Final[Events] = (("FileRenamed", {"Name": "a.txt"}),)
RENAMED_TWICE: Final[Events] = (*RENAMED, ("FileRenamed", {"Name": "b.txt"}))
TAGGED: Final[Events] = tuple(("FileTagged", {"Tag": tag}) for tag in ("red", "green", "blue", "black", "white"))


@dataclass(frozen=True)
class Mistake:
    """One mistake."""

    title: str
    by: Literal["check", "kit", "local", "parked"]
    """`check`: `cp-event-source check`, and the preview. `kit`: a test with `cp_event_source.testing`. `local`: the
    local run. `parked`: only the row of a deployed pipeline."""
    message: str
    """A part of the message."""
    changes: Mapping[str, str] = field(default_factory=dict)
    """What is replaced in the good layer: text to text."""
    head: str = ""
    """Lines before the good layer."""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    """Other files of the folder; one named `domain_handler.py` replaces the good layer, an empty one removes it."""
    folder: str = "."
    """The folder that is given to the check, from the layer's folder."""
    level: Literal["error", "warning"] = "error"
    """Of the check."""
    call: str = "given"
    """Of the kit: the method of the layer that finds it; `given` compares the row with `row`."""
    events: Events = RENAMED
    row: Mapping[str, Any] = field(default_factory=lambda: {"Name": "a.txt"})

    def layer(self) -> dict[str, str | bytes]:
        """The files of the layer: path to content."""
        source = GOOD
        for old, new in self.changes.items():
            assert old in source, f"{self.title}: the layer has no {old!r}"
            source = source.replace(old, new)
        files = {"domain_handler.py": self.head + source, **self.files}
        return {name: content for name, content in files.items() if content}

    def place(self) -> str:
        """`file:line` of the mark; empty if there is none."""
        for name, content in self.layer().items():
            for number, line in enumerate(content.splitlines() if isinstance(content, str) else (), 1):
                if line.endswith(MARK):
                    return f"{name}:{number}"
        return ""


_APPLY: Final = "    def apply(self, payload, event_name, event_time):\n        match"
_STATIC: Final = "    @staticmethod\n    def create_new(domain_id):\n"
_RENAME: Final = 'self.Name = payload["Name"]\n'
_ITEM: Final = '"Name": file.Name,'


def _in_apply(statement: str, head: str = "") -> dict[str, Any]:
    return {"changes": {_RENAME: f"{statement}  {MARK}\n"}, "head": head}


MISTAKES: Final = (
    # The contract
    Mistake(
        "The class `Domain` is missing", "check", "the class Domain is missing", {"class Domain:": "class Domains:"}
    ),
    Mistake(
        "A method of `Domain` is missing or misspelled",
        "check",
        "Domain.to_dynamo_item is missing",
        {"class Domain:": f"class Domain:  {MARK}", "def to_dynamo_item": "def to_item"},
    ),
    Mistake("No class has `apply`", "check", "no class has the method apply", {"def apply": "def aply"}),
    Mistake(
        "`apply` declares a parameter that nothing gives",
        "check",
        "requires the parameter 'data'",
        {"self, payload, event_name, event_time):": f"self, payload, event_name, data):  {MARK}"},
    ),
    Mistake(
        "`create_new` declares a parameter that nothing gives",
        "check",
        "requires the parameter 'id'",
        {
            "def create_new(domain_id):": f"def create_new(id):  {MARK}",
            "return File(domain_id)": "return File(id)",
        },
    ),
    Mistake(
        "`from_dynamo_item` takes two arguments",
        "check",
        "is called with one argument",
        {"def from_dynamo_item(item):": f"def from_dynamo_item(item, event):  {MARK}"},
    ),
    Mistake(
        "A method of `Domain` takes `self` and is not static",
        "check",
        "takes 'self' but is called on the class",
        {_STATIC: f"    def create_new(self, domain_id):  {MARK}\n"},
    ),
    Mistake(
        "`apply` is async",
        "check",
        "is async and nothing awaits it",
        {_APPLY: f"    async def apply(self, payload, event_name, event_time):  {MARK}\n        match"},
    ),
    Mistake(
        "`create_new` returns nothing",
        "check",
        "Domain.create_new returns None",
        {"def create_new(domain_id):\n        return File": f"def create_new(domain_id):  {MARK}\n        File"},
    ),
    Mistake(
        "`apply` returns a bool",
        "check",
        "File.apply returns a bool",
        {_RENAME: f"{_RENAME}                return True  {MARK}\n"},
    ),
    Mistake(
        "`apply` tells events apart by `event_type`, which is always `DOMAIN`",
        "check",
        "declares event_type but not event_name",
        {
            _APPLY: f"    def apply(self, payload, event_type):  {MARK}\n        match",
            "match event_name": "match event_type",
        },
        level="warning",
    ),
    Mistake(
        "`apply` uses a parameter that it does not declare",
        "check",
        "uses user_id, which nothing defines; declare it as a parameter of apply",
        **_in_apply("self.Name = user_id"),
    ),
    # The folder
    Mistake(
        "The folder above the layer is given",
        "check",
        "layer/file_domain instead",
        files={"domain_handler.py": b"", "file_domain/domain_handler.py": GOOD},
    ),
    Mistake(
        "The file is given instead of its folder", "check", "is a file; give the folder", folder="domain_handler.py"
    ),
    Mistake(
        "The file has another name",
        "check",
        "rename domain-handler.py to it",
        files={"domain_handler.py": b"", "domain-handler.py": GOOD},
    ),
    Mistake("A syntax error", "check", "cannot read it", head=f"if True print()  {MARK}\n"),
    Mistake(
        "Syntax errors in several modules",
        "check",
        "cannot read it",
        head="import rules\n",
        files={"rules.py": f"x = = 1  {MARK}\n", "fees.py": "def f(:\n"},
    ),
    # What the function can load
    Mistake(
        "A package is imported that is not in the layer",
        "check",
        "imports semver, but semver is neither in the folder nor in Python 3.14 nor in Lambda's runtime",
        head=f"import semver  {MARK}\n",
    ),
    Mistake(
        "A helper imports a package inside a function",
        "check",
        "imports pydantic, but pydantic is neither",
        files={"rules.py": f"def rule():\n    import pydantic  {MARK}\n"},
        head="from rules import rule\n",
        changes={_RENAME: "rule()\n"},
    ),
    Mistake(
        "A module is imported that Python removed",
        "check",
        "imports distutils.version, which Python 3.12 removed",
        head=f"from distutils.version import LooseVersion  {MARK}\n",
    ),
    Mistake(
        "A name of the standard library is misspelled",
        "check",
        "imports os.pathh, which Python 3.14 does not have",
        head=f"import os.pathh  {MARK}\n",
    ),
    Mistake(
        "A relative import in `domain_handler.py`",
        "check",
        "as a module of its own, in no package; write from rules import fee",
        head=f"from .rules import fee  {MARK}\n",
        files={"rules.py": "fee = 1\n"},
    ),
    Mistake(
        "A name is imported that the module does not define",
        "check",
        "imports fees from rules, but rules.py does not define it; write fee",
        head=f"from rules import fees  {MARK}\n",
        files={"rules.py": "fee = 1\n"},
    ),
    Mistake(
        "The logic imports its tests, which the layer leaves out",
        "check",
        "but the layer leaves out tests/",
        head=f"from tests.builders import make  {MARK}\n",
        files={"tests/builders.py": "make = 1\n"},
    ),
    Mistake(
        "A module is imported in other letters than its file has",
        "check",
        "but the file is rules.py",
        head=f"import Rules  {MARK}\n",
        files={"rules.py": "fee = 1\n"},
    ),
    Mistake(
        "A package is compiled for another processor or Python",
        "check",
        "fast.cpython-311-x86_64-linux-gnu.so: is compiled for Python 3.11 on Linux on x86_64",
        files={"fast.cpython-311-x86_64-linux-gnu.so": b"\x7fELF"},
    ),
    Mistake(
        "A module hides one of the standard library",
        "check",
        "queue.py: hides Python's module queue",
        files={"queue.py": "import heapq\n"},
    ),
    Mistake(
        "The layer has a copy of what the runtime has",
        "check",
        "botocore/: hides the package botocore of Lambda's runtime",
        files={"botocore/__init__.py": "import json\n"},
    ),
    Mistake(
        "A mutable default of a dataclass",
        "check",
        "File.Tags has a mutable default, one list",
        {"Tags: set[str] = field(default_factory=set)": f"Tags: list[str] = []  {MARK}"},
    ),
    Mistake(
        "A field without default after one with a default",
        "check",
        "File.Owner has no default but comes after",
        {'    Name: str = ""\n': f'    Name: str = ""\n    Owner: str  {MARK}\n'},
    ),
    Mistake(
        "A name is used that nothing defines",
        "check",
        "uses datetime, which nothing defines",
        **_in_apply("self.Name = datetime.fromisoformat(event_time)"),
    ),
    # One object's data in another's row
    Mistake(
        "A class attribute is a container",
        "check",
        "History.Lines is one list that all objects of the class share",
        head=f"class History:\n    Lines: list = []  {MARK}\n",
        level="warning",
    ),
    Mistake(
        "A default argument is a container",
        "check",
        "has one list as the default of lines",
        head=f"def history(name, lines=[]):  {MARK}\n    return lines\n",
        level="warning",
    ),
    Mistake(
        "A module's container remembers what it saw",
        "check",
        "File.apply changes SEEN",
        level="warning",
        **_in_apply("SEEN.append(payload)", "SEEN = []\n"),
    ),
    Mistake(
        "A cache",
        "check",
        "File.apply reaches rate, whose results are kept by lru_cache",
        {_RENAME: "rate(event_time)\n"},
        head=f"from functools import lru_cache\n\n\n@lru_cache  {MARK}\ndef rate(time):\n    return time\n",
        level="warning",
    ),
    # Another row from the same events
    Mistake(
        "The clock",
        "check",
        "File.apply calls datetime.now()",
        level="warning",
        **_in_apply("self.Name = str(datetime.now())", "from datetime import datetime\n"),
    ),
    Mistake(
        "The clock at import",
        "check",
        "the import of rules calls datetime.now()",
        head="import rules\n",
        files={"rules.py": f"from datetime import datetime\n\nNOW = datetime.now()  {MARK}\n"},
        level="warning",
    ),
    Mistake(
        "A random id in another module",
        "check",
        "File.apply reaches uuid.uuid4() through rules.new_id",
        {_RENAME: "self.Name = new_id()\n"},
        head="from rules import new_id\n",
        files={"rules.py": f"import uuid\n\n\ndef new_id():\n    return str(uuid.uuid4())  {MARK}\n"},
        level="warning",
    ),
    Mistake(
        "A random id as the default of a field",
        "check",
        "Domain.create_new reaches uuid.uuid4() through File",
        {'    Name: str = ""\n': f"    Name: str = field(default_factory=uuid4)  {MARK}\n"},
        head="from uuid import uuid4\n",
        level="warning",
    ),
    Mistake(
        "An environment variable",
        "check",
        "File.apply uses os.environ",
        level="warning",
        **_in_apply('self.Name = os.environ["STAGE"]', "import os\n"),
    ),
    Mistake(
        "A call to another service",
        "check",
        "File.apply calls urllib.request.urlopen()",
        level="warning",
        **_in_apply('urllib.request.urlopen("https://example.com")', "import urllib.request\n"),
    ),
    Mistake(
        "The order of a set",
        "check",
        "Domain.to_dynamo_item takes an order from a set",
        {'item["Tags"] = file.Tags': f'item["Tags"] = list(file.Tags)  {MARK}'},
        level="warning",
    ),
    Mistake(
        "`hash()` of a text",
        "check",
        "File.apply calls hash()",
        level="warning",
        **_in_apply('self.Name = str(hash(payload["Name"]))'),
    ),
    Mistake(
        "`sys.exit()`",
        "check",
        "File.apply calls sys.exit()",
        level="warning",
        **_in_apply("sys.exit(1)", "import sys\n"),
    ),
    Mistake(
        "The payload is printed",
        "check",
        "print writes to the function's log group, where no payload belongs",
        level="warning",
        **_in_apply("print(payload)"),
    ),
    # What a row can hold, and what comes back
    Mistake(
        "The row lacks the `DomainId`",
        "kit",
        "DomainId: to_dynamo_item must return the DomainId of the event",
        {'"DomainId": file.DomainId, ': ""},
    ),
    Mistake(
        "The row has an attribute that belongs to the pipeline",
        "kit",
        "CpEventSource: to_dynamo_item must not return this attribute",
        {_ITEM: f'"CpEventSource": 1, {_ITEM}'},
    ),
    Mistake(
        "`to_dynamo_item` returns nothing in one branch",
        "kit",
        "to_dynamo_item must return a dict",
        {"        return item\n": "        if file.Tags:\n            return item\n"},
    ),
    Mistake("An empty set", "kit", "Tags: a set must not be empty", {"        if file.Tags:\n    ": ""}),
    Mistake(
        "Not a number",
        "kit",
        "Price: must be a finite number",
        {'self.Price = payload["Price"]': 'self.Price = float("nan")'},
        events=(("FilePriced", {"Price": 5}),),
    ),
    Mistake(
        "A row that is too large",
        "kit",
        "Name: takes",
        {_RENAME: 'self.Name = payload["Name"] * 100_000\n'},
    ),
    Mistake(
        "An `Enum` that comes back as text",
        "kit",
        "File.State: State.NEW (State) comes back as 'NEW' (str)",
        {
            "@dataclass\nclass File:": 'class State(Enum):\n    NEW = "NEW"\n\n\n@dataclass\nclass File:',
            '    Name: str = ""\n': '    Name: str = ""\n    State: State = State.NEW\n',
            _ITEM: f'{_ITEM} "State": file.State,',
            "item.Name, Decimal": "item.Name, item.State, Decimal",
        },
        head="from enum import Enum\n",
        call="check_round_trip",
        events=RENAMED_TWICE,
    ),
    Mistake(
        "A date that comes back as text",
        "kit",
        "(date) comes back as '2026-01-01' (str)",
        {_RENAME: "self.Name = date.fromisoformat(event_time[:10])\n"},
        head="from datetime import date\n",
        call="check_round_trip",
        events=RENAMED_TWICE,
    ),
    Mistake(
        "A `Decimal` that comes back as an int",
        "kit",
        "File.Price: Decimal('0') (Decimal) comes back as 0 (int)",
        {"Decimal(item.Price)": "item.Price"},
        call="check_round_trip",
        events=RENAMED_TWICE,
    ),
    Mistake(
        "A dataclass that comes back as a dict",
        "kit",
        "(Title) comes back as {'Text': 'a.txt'} (dict)",
        {
            "@dataclass\nclass File:": "@dataclass\nclass Title:\n    Text: str\n\n\n@dataclass\nclass File:",
            _RENAME: 'self.Name = Title(payload["Name"])\n',
        },
        call="check_round_trip",
        events=RENAMED_TWICE,
    ),
    Mistake(
        "A field is forgotten in `from_dynamo_item`",
        "kit",
        "Tags: a set of 1 comes back as nothing; the row must survive its round trip",
        {', set(item.get("Tags", ()))': ""},
        events=TAGGED,
        row={"Name": "", "Price": 0, "Tags": {"red", "green", "blue", "black", "white"}},
    ),
    # What fails at an event
    Mistake(
        "An attribute of the row is misspelled",
        "kit",
        "the row has no attribute 'Nmae'",
        {'item.Name, Decimal(item.Price), set(item.get("Tags", ())))': f"item.Nmae, Decimal(item.Price))  {MARK}"},
        events=RENAMED_TWICE,
    ),
    Mistake(
        "A field of the payload is misspelled",
        "kit",
        "KeyError: 'Nmae'",
        **_in_apply('self.Name = payload["Nmae"]'),
    ),
    Mistake(
        "A time as text is compared with a `datetime`",
        "kit",
        "TypeError: '>' not supported between instances of 'str' and 'datetime.datetime'",
        **_in_apply("self.Name = str(event_time > datetime.min)", "from datetime import datetime\n"),
    ),
    Mistake(
        "A float is mixed with a `Decimal`",
        "kit",
        "TypeError: unsupported operand type(s) for *: 'decimal.Decimal' and 'float'",
        {'self.Price = payload["Price"]': f'self.Price = payload["Price"] * 1.19  {MARK}'},
        events=(("FilePriced", {"Price": 0.5}),),
    ),
    Mistake(
        "Endless recursion",
        "kit",
        "RecursionError",
        {_RENAME: f"self.apply(payload, event_name, event_time)  {MARK}\n"},
    ),
    Mistake(
        "An event that the logic does not know",
        "kit",
        "the File domain does not know this event",
        events=(("FileMoved", {}),),
    ),
    Mistake(
        "A clock that reading does not see",
        "kit",
        "it depends on the clock",
        {_RENAME: 'self.Name = str(getattr(time, "time")())\n'},
        head="import time\n",
        call="check_deterministic",
    ),
    Mistake(
        "A memory that reading does not see",
        "kit",
        "kept between objects: domain_handler.File.apply.seen",
        {
            _RENAME: 'File.apply.__dict__.setdefault("seen", []).append(payload["Name"])\n'
            '                self.Name = "".join(File.apply.__dict__["seen"])\n'
        },
        call="check_isolated",
        events=RENAMED_TWICE,
    ),
    Mistake("An endless loop", "kit", "TookTooLong", {_RENAME: f"while True: pass  {MARK}\n"}),
    # Only a pipeline shows these
    Mistake("A producer sends events of another `DomainName`", "local", "matched no domain's rule"),
    Mistake("Too much memory for the function, or a crash in C code", "parked", "PROCESS_DIED"),
)
