"""Prints the page: `python -m cp_event_source.pages.compliance > docs/compliance.md`."""

import sys

from .page import page

if __name__ == "__main__":
    sys.stdout.write(page())
