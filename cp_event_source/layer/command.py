"""`cp-event-source check`: prints what the check of a layer finds."""

import json
import sys
from pathlib import Path

from .contract_check import check_domain_layer


def check_folder(folder: Path, *, as_json: bool = False) -> int:
    """Check a layer and print what was found, by file and line, and how much.

    Args:
        folder: the folder that holds `domain_handler.py`.
        as_json: print a JSON array of objects with level, file, line and message instead.

    Returns:
        The exit code: 1 if there are errors, else 0.
    """
    report = check_domain_layer(folder)
    findings = [("error", each) for each in report.errors] + [("warning", each) for each in report.warnings]
    findings.sort(key=lambda each: (each[1].file, each[1].line))
    if as_json:
        entries = [
            {"level": level, "file": each.file or None, "line": each.line or None, "message": each.message}
            for level, each in findings
        ]
        lines = [json.dumps(entries, indent=2)]
    else:
        lines = [f"{level}: {each}" for level, each in findings]
        lines.append(f"{_counted(len(report.errors), 'error')}, {_counted(len(report.warnings), 'warning')}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if report.errors else 0


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
