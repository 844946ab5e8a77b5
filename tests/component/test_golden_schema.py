"""Guarantee: programs in other languages that compile against the package's schema keep compiling.

`golden/schema.json` holds the schema without its descriptions, and without the versions of the package and of AWS's
provider. After a change that is meant, write it with `python -m tests.component.test_golden_schema`.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

from cp_event_source.plugin import Provider

from .test_schema import schema_of, without_descriptions

GOLDEN: Final = Path(__file__).parent / "golden" / "schema.json"


def compiled_against() -> dict[str, Any]:
    schema = without_descriptions(schema_of(Provider))
    versions = re.compile(r'(?<="version": ")[^"]+|(?<=/aws/v)[^/"]+')
    unversioned: dict[str, Any] = json.loads(versions.sub("0.0.0", json.dumps(schema)))
    return unversioned


def test_the_schema_is_that_of_the_golden_file() -> None:
    assert compiled_against() == json.loads(GOLDEN.read_text())


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(compiled_against(), indent=1) + "\n")
