"""Guarantee: a program's process imports what it needs to run the program, and not what the local run needs."""

import subprocess
import sys

import pytest

OF_THE_LOCAL_RUN = ("boto3", "ministack", "rich", "cp_event_source.local.run")


@pytest.mark.parametrize("module", ["python_process", "yaml_process"])
def test_it_imports_nothing_that_only_the_local_run_needs(module: str) -> None:
    """Its imports are half of its time."""
    code = f"import sys, cp_event_source.local.runtimes.{module}; print(*{{*sys.modules}} & {{*{OF_THE_LOCAL_RUN}}})"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == []
