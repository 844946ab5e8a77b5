"""The emulator's process: MiniStack, and a watch on the process that started it.

Usage: python -P emulator_process.py PRIVATE_FOLDER, as the leader of a process group of its
own, with a pipe as standard input.
"""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path


def _end_with_parent(folder: Path) -> None:
    """Wait for the pipe's end, when whoever held its other end is gone, and leave nothing behind."""
    sys.stdin.buffer.read()
    for _ in range(10):  # a function that is still writing can make a removal incomplete
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
    os.killpg(os.getpid(), signal.SIGKILL)  # this process and the functions' processes, which are in its group


def main() -> None:
    """Run the emulator until it is ended, or until the process that started it is gone."""
    folder = Path(sys.argv.pop(1))  # MiniStack reads the rest of the arguments
    threading.Thread(target=_end_with_parent, args=[folder], daemon=True).start()
    from ministack.app import main as run_emulator  # type: ignore[import-untyped]  # after the watch: it takes long

    run_emulator()


if __name__ == "__main__":
    main()
