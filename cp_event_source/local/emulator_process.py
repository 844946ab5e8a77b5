"""The emulator's process: MiniStack, with another Python for the functions.

Usage: python -P emulator_process.py PYTHON_OF_THE_FUNCTIONS
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run the emulator until it is ended."""
    Path(os.environ["TMPDIR"]).mkdir()
    # MiniStack starts a function's process with its own interpreter.
    sys.executable = sys.argv.pop(1)  # MiniStack reads the rest of the arguments
    from ministack.app import main as run_emulator  # type: ignore[import-untyped]

    run_emulator()


if __name__ == "__main__":
    main()
