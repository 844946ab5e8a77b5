"""The package's version. A plugin that is started from a checkout has no metadata to read it from."""

from typing import Final

VERSION: Final = "0.1.0"
