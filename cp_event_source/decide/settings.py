"""What a decider must know of its pipeline: the component's output `decider_settings`, one line of JSON."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

OUTPUT: Final = "decider_settings"
VARIABLE: Final = "CP_EVENT_SOURCE_DECIDER"
"""The environment variable that holds the output."""


class BrokenSettings(Exception):
    """The settings are not those that the component gives. The message names what is missing."""


@dataclass(frozen=True, slots=True)
class DeciderSettings:
    """The tables, and all that the fold of a decision must have in common with the pipeline's."""

    domain_name: str
    events_table: str
    domain_table: str
    snapshots_table: str
    logic_version: str
    """The ARN of the deployed layer version."""
    event_time_limit_seconds: float
    events_per_snapshot: int
    max_future_skew_seconds: float
    index_keys: str
    """The keys of the domain table's indexes, as `index_keys.to_text` writes them."""

    def to_text(self) -> str:
        """The settings as the component's output has them."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: Any, source: str) -> "DeciderSettings":
        """The settings in a text.

        Args:
            text: what `to_text` wrote; None if there is none.
            source: where it is from, for the message.

        Raises:
            BrokenSettings: it is missing, or it is not such a text.
        """
        must = f"{source}: must be the component's output {OUTPUT}"
        if not text:
            raise BrokenSettings(f"{must}; got nothing; give it to this process")
        if not isinstance(text, str):
            kind = type(text).__name__
            raise BrokenSettings(f"{must}, one line of JSON; got a value of the type {kind}; copy it as it is")
        try:
            found: Any = json.loads(text)
            missing = [each.name for each in fields(cls) if each.name not in found]
            if missing:
                raise BrokenSettings(f"{must}; {', '.join(missing)} not found in it; deploy the stack again")
            return cls(**{each.name: _kind(each.type)(found[each.name]) for each in fields(cls)})
        except (TypeError, ValueError) as error:
            raise BrokenSettings(f"{must}, one line of JSON; {type(error).__name__}; copy it as it is") from error


def _kind(annotation: Any) -> type[Any]:
    return annotation if isinstance(annotation, type) else str
