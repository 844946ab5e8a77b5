"""`python -m bench.peers`: measure all of them, and print the comparison as Markdown."""

import argparse
import sys
from datetime import UTC, datetime
from time import monotonic

from bench import machine

from .compared import ALL
from .measure import FULL, QUICK, measured
from .report import page


def main(arguments: list[str] | None = None) -> int:
    """Print the comparison to the standard output, and the progress to the standard error.

    Returns:
        1 if this pipeline left a wrong state, else 0.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description="This pipeline beside its peers.")
    parser.add_argument("--quick", action="store_true", help="tiny histories, to see that it runs")
    scale = QUICK if parser.parse_args(arguments).quick else FULL
    began = monotonic()
    missing = {each: why for each in ALL if (why := each.missing())}

    def progress(what: str) -> None:
        sys.stderr.write(f"{monotonic() - began:5.0f} s  {what}\n")
        sys.stderr.flush()

    results = measured([each for each in ALL if each not in missing], scale, progress)
    sys.stdout.write(f"# Side by side\n\n{machine.described()}; {datetime.now(UTC):%Y-%m-%d}\n\n")
    sys.stdout.write(page(results, missing, scale))
    return int(not results[0].is_right())


if __name__ == "__main__":
    sys.exit(main())
