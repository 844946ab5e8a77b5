"""Folds stored events with a layer's logic, in a process of its own, through the code that folds them on AWS.

Usage: python -P fold_process.py SECONDS_PER_EVENT each|one LAYER_FOLDER..., run as a file, so that nothing else of this
package is imported. Each line of standard input is a JSON array of items: with `each` a history, with `one` the next
part of the one history. Each line of standard output is the JSON result after one of these lines. Bytes are base64
texts in an object with the one key `base64`.
"""

import base64
import json
import os
import sys
import threading
import time
from typing import Any, Final, TextIO

EACH_HISTORY: Final = "each"
ONE_HISTORY: Final = "one"

_LOOK_EVERY_SECONDS: Final = 0.5


def to_json(value: object) -> str:
    """A value of DynamoDB's JSON as one line of text."""
    return json.dumps(value, default=_encoded)


def from_json(text: str) -> Any:
    """The value that `to_json` wrote."""
    return json.loads(text, object_hook=_decoded)


def _encoded(value: object) -> object:
    if isinstance(value, bytes | bytearray):
        return {"base64": base64.b64encode(value).decode()}
    return list(value) if isinstance(value, set | frozenset | tuple) else bytes(value)  # type: ignore[call-overload]


def _decoded(value: dict[str, Any]) -> Any:
    # A map's element of this name is an object and no text.
    text = value.get("base64")
    return base64.b64decode(text) if isinstance(text, str) else value


def _end_with_parent(parent: int) -> None:
    """End this process, whatever it does, when the process that started it is gone."""
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_SECONDS)
    os._exit(1)


def _serve(seconds_per_event: float, answers: TextIO, *, continues: bool) -> None:
    from cp_event_source.handler.domain import logic
    from cp_event_source.handler.domain.fold import fold
    from cp_event_source.handler.domain.state import INITIAL_STATE
    from cp_event_source.handler.events.stored_event import StoredEvent

    try:
        domain_logic = logic.load()
    except logic.BrokenDomainLogic as error:
        answers.write(to_json({"broken": str(error)}) + "\n")
        return
    answers.write(to_json({"broken": ""}) + "\n")
    answers.flush()
    state = INITIAL_STATE
    for line in sys.stdin:
        events = [StoredEvent.of(item) for item in from_json(line)]
        folded = fold(domain_logic, state, events, seconds_per_event=seconds_per_event)
        if continues:
            state = folded.state
        failure = folded.failure
        answer: dict[str, Any] = {
            "attributes": folded.state.attributes,
            "count": folded.state.applied.count,
            "checkpoint": folded.state.checkpoint,
            "failure": failure
            and {
                "key": failure.event.key,
                "event_id": failure.event.event_id,
                "event_name": failure.event.event_name,
                "reason": failure.reason,
                "phase": failure.phase,
                "place": failure.place,
            },
        }
        answers.write(to_json(answer) + "\n")
        answers.flush()


def main() -> None:
    """Answer until standard input ends."""
    seconds, mode, *folders = sys.argv[1:]
    threading.Thread(target=_end_with_parent, args=[os.getppid()], daemon=True).start()
    # What the logic prints must not get between the answers.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        sys.path[:0] = folders
        _serve(float(seconds), answers, continues=mode == ONE_HISTORY)


if __name__ == "__main__":
    main()
