"""What a function needs and does not have is said when it is deployed, with no event."""

from pathlib import Path
from textwrap import dedent

import pytest

from cp_event_source.local import LocalRun
from cp_event_source.local.errors import FailedStartError
from tests.component.layer.test_compiled_files import elf
from tests.local.conftest import Announcements
from tests.local.programs_on_disk import write_program

PROGRAM = """
import pulumi, pulumi_aws as aws
role = aws.iam.Role("role", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
layer = aws.lambda_.LayerVersion("layer", layer_name="rules", code=pulumi.FileArchive("layer"))
def function(name, code, **options):
    return aws.lambda_.Function(name, runtime="python3.14", role=role.arn, handler="index.handle", layers=[layer.arn],
        code=pulumi.AssetArchive({"index.py": pulumi.StringAsset(code)}), **options)
"""


def program(folder: Path, functions: str, **layer: str | bytes) -> Path:
    for name, content in layer.items():
        path = folder / "layer" / "python" / name.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return write_program(folder, PROGRAM + dedent(functions))


def test_each_function_that_does_not_start_is_named_with_its_cause_once(run: LocalRun, tmp_path: Path) -> None:
    """`semver` is installed beside the emulator, since Pulumi requires it."""
    broken = program(
        tmp_path / "broken",
        """
        function("works", "def handle(*_): 1 / 0")
        function("lacks", "import rules")
        function("never", "import rules", reserved_concurrent_executions=0)
        """,
        rules__py="import re\nimport semver",
    )

    with pytest.raises(FailedStartError) as failed:
        run.deploy(broken)

    (line,) = str(failed.value).splitlines()
    assert line.startswith("the function lacks-")
    assert "does not start: rules.py imports semver, which neither its code, its layers nor Lambda's Python has" in line
    assert line.endswith("(rules.py:2)")
    run.emulator.ensure_running()


def test_an_archive_for_another_machine_is_noted_and_is_no_error_by_itself(
    run: LocalRun, tmp_path: Path, announcements: Announcements
) -> None:
    name = "fast.cpython-399-riscv64-linux-gnu.so"
    before = len(announcements)

    run.deploy(
        program(
            tmp_path / "foreign", "function('works', 'def handle(*_): ...')", **{name: elf(0xF3)}, other__so=elf(0xF3)
        )
    )

    (note,) = [line for line in announcements[before:] if "built for" in line]
    assert note.startswith(
        f"note: layer rules: {name} is built for Python 3.99 on riscv64 (Linux), and 1 more; this ma"
    )
    assert note.endswith(": the function may not start here")
