"""`python -m bench`: measure, and print the report."""

import argparse
import sys
from collections.abc import Mapping
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING

from . import calls, cold_start, cpu, disorder, histories, late, latency, machine, mistakes, rebuild, throughput
from .layers import file_layer
from .pipeline import Pipeline, lines_to_nowhere
from .scale import FULL, QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from .report import Section


def main(arguments: list[str] | None = None) -> int:
    """Print the report to the standard output, and the progress to the standard error.

    Returns:
        1 if a guarantee was broken, else 0.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description="What the functions cost, on doubles of AWS.")
    parser.add_argument("--quick", action="store_true", help="tiny histories, to see that the report runs")
    parser.add_argument("--only", metavar="PART", help="measure one part, such as 'CPU'")
    options = parser.parse_args(arguments)
    scale = QUICK if options.quick else FULL
    began = monotonic()

    def progress(what: str) -> None:
        sys.stderr.write(f"{monotonic() - began:5.0f} s  {what}\n")
        sys.stderr.flush()

    @cache
    def pipelines() -> Mapping[int, Pipeline]:
        progress("histories")
        return histories.of_lengths(file_layer(), scale.histories)

    def short() -> Pipeline:
        (pipeline,) = histories.of_lengths(file_layer(), scale.histories[:1]).values()
        return pipeline

    parts: dict[str, Callable[[], Section]] = {
        "calls": lambda: calls.section(pipelines(), scale),
        "late events": lambda: late.section(pipelines(), scale),
        "disorder": lambda: disorder.section(scale),
        "CPU": lambda: cpu.section(scale),
        "throughput": lambda: throughput.section(short(), scale),
        "rebuild": lambda: rebuild.section(scale),
        "cold start": lambda: cold_start.section(scale),
        "mistakes": lambda: mistakes.section(scale),
        "latency": lambda: latency.section(scale),
    }
    if options.only not in {None, *parts}:
        parser.error(f"--only: must be one of {', '.join(parts)}; found {options.only}")
    sys.stdout.write(f"# What the functions cost\n\n{machine.described()}\n")
    broken = False
    for name, part in parts.items():
        if options.only not in {None, name}:
            continue
        progress(name)
        with lines_to_nowhere():
            section = part()
        sys.stdout.write(f"\n{section.text()}")
        sys.stdout.flush()
        broken |= not all(check.holds for check in section.checks)
    progress("done")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
