"""At the end, how many inputs were tried, and how long it took."""

from typing import Any

from .endurance import REPORT


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for line in REPORT:
        terminalreporter.write_line(line)
