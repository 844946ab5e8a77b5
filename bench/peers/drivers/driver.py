"""The loop of a driver in Python: a line of JSON says what to do, and a line of JSON answers.

It imports nothing of this project: some drivers run in an environment without it.
"""

import gc
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

Acts = Mapping[str, Callable[..., Any]]


def serve(acts: Acts, packages: tuple[str, ...]) -> None:
    """Answer until the input ends.

    Args:
        acts: what can be done, by name. Each takes the request's other fields by name, and returns what JSON can hold.
        packages: the installed packages whose versions the comparison names.
    """
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  what is compared may print; it lasts as long as the process

    def reply(message: Mapping[str, Any]) -> None:
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    versions = {"Python": sys.version.split()[0], **{name: metadata.version(name) for name in packages}}
    reply({"versions": versions})
    gc.collect()
    for line in sys.stdin:
        request = json.loads(line)
        act = acts[request.pop("act")]
        gc.collect(1)  # what the last act left; the modules' own objects would take longer than most acts
        start = _cpu()
        try:
            result = act(**request)
        except Exception as error:  # noqa: BLE001  who asked decides what an error means
            reply({"error": repr(error)})
            continue
        seconds = _cpu() - start
        reply({"seconds": seconds, "result": result})


def _cpu() -> float:
    """CPU time of all threads. `time.process_time` would stand still while the fold's time limit is armed."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
