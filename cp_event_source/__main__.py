"""The Pulumi plugin: hosts the components for programs in any language.

The engine runs the folder, `python cp_event_source ENGINE_ADDRESS`: then the folder itself is first on the path, and
Python does not know that it is a package. So the folder's parent replaces it on the path.

An older Python must be able to read this module, since it says that Python is too old.
"""

import sys
from pathlib import Path

PYTHON = (3, 11)
"""The oldest that the package runs on, as in pyproject.toml."""


def main() -> None:
    """Serve until the engine ends the process."""
    if sys.version_info < PYTHON:
        sys.exit(
            "cp-event-source needs Python {}.{} or newer; found {}.{} in {}. Put a newer python3 on the PATH, delete"
            " the folder venv beside {}, and run the command again.".format(
                *PYTHON, *sys.version_info[:2], sys.prefix, Path(__file__).resolve()
            )
        )
    folder = Path(__file__).resolve().parent
    if not __package__:
        sys.path[0] = str(folder.parent)

    from cp_event_source import CpEventSource, DomainPythonLayer
    from cp_event_source.plugin import serve
    from cp_event_source.version import VERSION

    serve([CpEventSource, DomainPythonLayer], "cp-event-source", VERSION)


if __name__ == "__main__":
    main()
