"""Guarantee: what gives another row from the same events is warned of wherever the pipeline's calls reach it, with the
place and the way there; what is not reached is not."""

from pathlib import Path

import pytest

from .layers import check, line_of


def warnings(folder: Path, files: dict[str, str | bytes] | None = None, **lines: str) -> list[str]:
    report = check(folder, files, **lines)
    assert report.errors == ()
    return list(report.warnings)


RULES = """
import uuid


def new_id():
    return uuid.uuid4()
"""


@pytest.mark.parametrize(
    ("part", "entry"), [("create", "Domain.create_new"), ("apply", "File.apply"), ("to_item", "Domain.to_dynamo_item")]
)
def test_a_helper_in_another_module_is_followed(tmp_path: Path, part: str, entry: str) -> None:
    lines = {part: "rules.new_id()"}
    (warning,) = warnings(tmp_path, {"rules.py": RULES}, head="import rules", **lines)
    assert warning == (
        f"rules.py:6: {entry} reaches uuid.uuid4() through rules.new_id, which gives another value each time the "
        "events are folded; use event_time, event_id or what the event holds"
    )


def test_the_way_there_is_named_whole(tmp_path: Path) -> None:
    more = "from rules import new_id\n\n\ndef number():\n    return [new_id() for _ in range(2)]\n"
    (warning,) = warnings(
        tmp_path, {"rules.py": RULES, "more.py": more}, head="from more import number", apply="number()"
    )
    assert "File.apply reaches uuid.uuid4() through more.number, rules.new_id, which" in warning


DATACLASS = """
from dataclasses import dataclass, field
from uuid import uuid4


@dataclass
class Line:
    Id: str = {default}
"""


@pytest.mark.parametrize("default", ["field(default_factory=uuid4)", "field(default_factory=lambda: str(uuid4()))"])
def test_a_default_factory_runs_for_each_object(tmp_path: Path, default: str) -> None:
    (warning,) = warnings(tmp_path, head=DATACLASS.format(default=default), create="Line()")
    place = line_of(tmp_path, "default_factory")
    assert warning.startswith(f"domain_handler.py:{place}: Domain.create_new reaches uuid.uuid4() through Line, ")


@pytest.mark.parametrize(
    ("head", "apply", "found"),
    [
        # what is run on import runs once in each process
        (
            "from datetime import datetime\nNOW = datetime.now()",
            "pass",
            "the import of domain_handler calls datetime.now()",
        ),
        ("import os\nSTAGE = os.environ['STAGE']", "pass", "the import of domain_handler uses os.environ"),
        (
            "import time\ndef at(when=time.time()):\n    return when",
            "at()",
            "the import of domain_handler calls time.time()",
        ),
        ("import boto3\nTABLE = boto3.client('s3')", "pass", "the import of domain_handler calls boto3.client()"),
        (
            "import time\ndef now():\n    return time.time()\nNOW = now()",
            "pass",
            "the import reaches time.time() through now",
        ),
        # methods and properties
        (
            "import time\nclass Money:\n    @property\n    def age(self):\n        return time.time()",
            "Money().age",
            "through Money.age",
        ),
        (
            "import time\nclass Money:\n    def __post_init__(self):\n        self.x = time.time()",
            "Money()",
            "through Money.__post_init__",
        ),
        (
            "import time\nclass Money:\n    def __add__(self, other):\n        return time.time()",
            "Money() + 1",
            "through Money.__add__",
        ),
        (
            "import time\nclass Base:\n    def at(self):\n        return time.time()\nclass Money(Base): ...",
            "Money().at()",
            "through Base.at",
        ),
        (
            "import time\nclass Money:\n    def at_all(self):\n        return time.time()",
            "payload['m'].at_all()",
            "through Money.at_all",
        ),
        (
            (
                "import time\nclass Money:\n    @classmethod\n    def make(cls):\n        return cls.at()\n"
                "    @staticmethod\n    def at():\n        return time.time()"
            ),
            "Money.make()",
            "through Money.make, Money.at",
        ),
        # tables, callbacks, other names
        (
            "import time\ndef on_x(file):\n    file.x = time.time()\nTABLE = {'x': on_x}",
            "TABLE[event_name](self)",
            "through TABLE, on_x",
        ),
        ("import time\nTABLE = {'x': lambda: time.time()}", "TABLE[event_name]()", "through TABLE"),
        ("import time", "list(map(lambda x: time.time(), payload))", "File.apply calls time.time()"),
        ("from datetime import datetime\nnow = datetime.now", "now()", "File.apply calls now()"),
        (
            (
                "import time\nHANDLERS = {}\ndef on(name):\n    def keep(function):\n"
                "        HANDLERS[name] = function\n        return function\n    return keep\n"
                "@on('x')\ndef on_x(file):\n    return time.time()"
            ),
            "HANDLERS[event_name](self)",
            "through on_x",
        ),
        # what else is not in the events
        ("import os", "os.getenv('STAGE')", "File.apply calls os.getenv()"),
        ("import requests", "requests.Session().get('x')", "File.apply calls requests.Session().get()"),
        ("import urllib.request", "urllib.request.urlopen('x')", "File.apply calls urllib.request.urlopen()"),
        ("import socket", "socket.create_connection(('x', 1))", "File.apply calls socket.create_connection()"),
        ("import http.client", "http.client.HTTPSConnection('x')", "File.apply calls http.client.HTTPSConnection()"),
        (
            "import boto3\ndef client():\n    return boto3.client('s3')",
            "client().get()",
            "File.apply reaches boto3.client() through client",
        ),
        ("import subprocess", "subprocess.run(['x'])", "File.apply calls subprocess.run()"),
        ("", "open('x').read()", "File.apply calls open()"),
        ("from pathlib import Path", "Path('x').read_text()", "File.apply calls pathlib.Path().read_text()"),
        ("import secrets", "secrets.token_hex()", "File.apply calls secrets.token_hex()"),
        ("import random", "random.Random().random()", "File.apply calls random.Random()"),
        ("import time", "time.gmtime()", "File.apply calls time.gmtime()"),
        ("import time", "time.strftime('%Y')", "File.apply calls time.strftime()"),
        ("", "hash(event_name)", "File.apply calls hash()"),
        ("", "id(self)", "File.apply calls id()"),
        ("import sys", "sys.exit(1)", "File.apply calls sys.exit()"),
        ("import time", "time.sleep(1)", "File.apply calls time.sleep()"),
    ],
)
def test_each_way_is_seen(tmp_path: Path, head: str, apply: str, found: str) -> None:
    package: dict[str, str | bytes] = {
        "requests/__init__.py": "def Session(): ...\n",
        "requests-1.dist-info/RECORD": "requests/__init__.py,,\n",
    }
    (warning,) = warnings(tmp_path, package if "requests" in head else None, head=head, apply=apply)
    assert found in warning


@pytest.mark.parametrize(
    ("head", "apply"),
    [
        ("import time\ndef unused():\n    return time.time()", "pass"),
        ("import time", "time.gmtime(1), time.strftime('%Y', time.gmtime(1))"),
        ("import random", "random.Random(event_time).random()"),
        ("import random\nRANDOM = random.Random(7)", "RANDOM.choice([1])"),
        ("def at(time, id, hash, open):\n    return time.time(), id(1), hash(2), open(3)", "at(1, 2, 3, 4)"),
        ("class Money:\n    def __hash__(self):\n        return hash((1, 2))", "Money()"),
        (
            (
                "import json\nfrom pathlib import Path\nLINES = open(__file__).read()\n"
                "RATES = json.loads((Path(__file__).parent / 'rates.json').read_text())"
            ),
            "RATES['x']",
        ),
        ("from boto3.dynamodb.types import TypeDeserializer\nREAD = TypeDeserializer()", "READ.deserialize(payload)"),
        ("from requests.exceptions import RequestException", "isinstance(payload, RequestException)"),
        ("import uuid", "uuid.UUID(event_name), uuid.uuid5(uuid.NAMESPACE_URL, event_name)"),
        ("from datetime import datetime\ndef at() -> datetime.now: ...", "datetime.fromisoformat(event_time)"),
        ("import time\nif __name__ == '__main__':\n    time.time()", "pass"),
        ("class Cache:\n    def get(self, x):\n        import time\n        return time.time()", "payload.get('x')"),
    ],
)
def test_what_only_looks_like_it_is_none(tmp_path: Path, head: str, apply: str) -> None:
    files: dict[str, str | bytes] = {"requests/exceptions.py": "class RequestException(Exception): ...\n"}
    assert warnings(tmp_path, files if "requests" in head else None, head=head, apply=apply) == []
