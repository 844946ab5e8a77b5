"""The package's version, which a plugin started from a checkout cannot ask its metadata for."""

from typing import Final

VERSION: Final = "0.1.0"
