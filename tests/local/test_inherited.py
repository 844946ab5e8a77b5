"""Guarantee: what whoever starts the command set, ignores or blocks decides neither what runs nor what is said."""

import os
import subprocess
import sys
from pathlib import Path

from tests.local.programs_on_disk import write_program

HOSTILE = {
    "AWS_PROFILE": "nobodys",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "PULUMI_PROJECT": "nobodys",
    # of other emulators; ours reads them, too
    "SERVICES": "s3",
    "USE_SSL": "1",
    "LAMBDA_EXECUTOR": "docker",
}

START = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGALRM])
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""

COMMAND = "import sys; from cp_event_source.cli import main; sys.exit(main())"

PROGRAM = """
import os, signal, pulumi, pulumi_aws as aws
numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD)
print("ignored:", [int(number) for number in numbers if signal.getsignal(number) == signal.SIG_IGN])
print("blocked:", len(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
print("profile:", os.environ.get("AWS_PROFILE"), "proxy:", os.environ.get("HTTP_PROXY"))
print("gr\\u00f6\\u00dfe")
os._exit(3)
"""


def test_a_program_runs_as_if_nobody_had_set_anything_and_its_exit_code_is_known(tmp_path: Path) -> None:
    program = write_program(tmp_path / "program", PROGRAM)

    done = subprocess.run(
        [sys.executable, "-c", START, "-c", COMMAND, "local", str(program)],
        env=os.environ | HOSTILE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )

    output = done.stdout.decode("ascii")
    assert done.returncode == 1, output
    for line in ("ignored: []", "blocked: 0", "profile: None proxy: None", "gr??e", "exit code 3, and no message"):
        assert line in output
