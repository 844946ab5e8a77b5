"""The machine and the versions that the report was made with."""

import os
import platform
import subprocess
from pathlib import Path

import botocore


def described() -> str:
    return (
        f"{os.cpu_count()} cores, {_processor()}; {platform.system()}; "
        f"{platform.python_implementation()} {platform.python_version()}, botocore {botocore.__version__}"
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        named = (
            line.partition(":")[2].strip() for line in information.read_text().splitlines() if "model name" in line
        )
        return next(named, platform.machine())
    if platform.system() == "Darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    return platform.machine()
