"""Guarantee: each function has the memory for the largest batch of any JSON."""

import subprocess
import sys
from pathlib import Path

import pytest

from cp_event_source.inputs.functions import PERSIST_MEMORY_MB, PROJECT_MEMORY_MB

from ..nightly import NIGHTLY
from .largest_batches import STATUS

ROOT = Path(__file__).parents[2]
PROGRAM = "tests.handler.largest_batches"
USUAL = [("persist", "nested"), ("persist", "[]"), ("project", '""'), ("project-rows", '"abcdefghi"')]
MORE = [
    *[("persist", shape) for shape in ("{}", '""', "0", '{"a":0}', "1e130", "0.1")],
    *[("project", shape) for shape in ("[]", "0", "null", '{"a":0}', '"abcdefghi"', "1e120")],
    *[("project-rows", shape) for shape in ("0", '{"a":0}')],
]


@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read where Linux tells it")
@pytest.mark.parametrize(("function", "shape"), USUAL + MORE if NIGHTLY else USUAL)
def test_the_largest_batch_fits_into_the_functions_memory(function: str, shape: str) -> None:
    """Of 6 MB of messages of 1 MB, or of events; or of rows of 400 KB, as many as are read at once."""
    run = subprocess.run(
        [sys.executable, "-m", PROGRAM, function, shape], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert 30 < int(run.stdout) < (PERSIST_MEMORY_MB if function == "persist" else PROJECT_MEMORY_MB)
