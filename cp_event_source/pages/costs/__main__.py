"""Prints the page: `python -m cp_event_source.pages.costs > docs/costs.md`."""

import sys

from .page import page

if __name__ == "__main__":
    sys.stdout.write(page())
