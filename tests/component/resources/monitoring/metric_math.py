"""As much of CloudWatch's metric math as the alarms use, as its documentation defines it
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html).

A series has one value for each period, oldest first, None where there are no data.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

PERIOD_SECONDS = 900


@dataclass(frozen=True, eq=False)
class Series:
    values: Sequence[float | None]

    def combined(self, other: "Series | float", how: Callable[[float, float], float]) -> "Series":
        """Missing values count as 0, unless both are missing."""
        others = other.values if isinstance(other, Series) else [other] * len(self.values)
        return Series(
            [
                None if mine is None and theirs is None else float(how(mine or 0, theirs or 0))
                for mine, theirs in zip(self.values, others, strict=True)
            ]
        )

    def __add__(self, other: "Series | float") -> "Series":
        return self.combined(other, lambda mine, theirs: mine + theirs)

    def __sub__(self, other: "Series | float") -> "Series":
        return self.combined(other, lambda mine, theirs: mine - theirs)

    def __gt__(self, other: "Series | float") -> "Series":
        return self.combined(other, lambda mine, theirs: mine > theirs)

    def __eq__(self, other: object) -> "Series":  # type: ignore[override]
        assert isinstance(other, Series | int | float)
        return self.combined(other, lambda mine, theirs: mine == theirs)

    def __and__(self, other: "Series") -> "Series":
        return self.combined(other, lambda mine, theirs: bool(mine and theirs))


def fill(series: Series, value: float) -> Series:
    return Series([value if each is None else each for each in series.values])


def difference(series: Series) -> Series:
    pairs = zip(series.values, series.values[1:], strict=False)
    return Series([None, *(None if before is None or now is None else now - before for before, now in pairs)])


def time_difference(series: Series) -> Series:
    return Series([None, *([PERIOD_SECONDS] * (len(series.values) - 1))])


def choose(condition: Series, then: Series, otherwise: float) -> Series:
    return Series([value if holds else otherwise for holds, value in zip(condition.values, then.values, strict=True)])


FUNCTIONS = {"FILL": fill, "DIFF": difference, "DIFF_TIME": time_difference, "IF": choose}


def computed(expressions: Mapping[str, str], metrics: Mapping[str, Sequence[float | None]]) -> dict[str, Series]:
    """The series of all expressions, which may use each other in order."""
    known = {name: Series(values) for name, values in metrics.items()}
    for name, expression in expressions.items():
        # Python's `&` binds tighter than a comparison, CloudWatch's AND does not.
        text = re.sub(r"^IF\((.+) AND (.+), (\w+), 0\)$", r"IF((\1) & (\2), \3, 0)", expression)
        known[name] = eval(text, {**FUNCTIONS, **known})
    return known
