"""The security controls that the component satisfies by default or by an input, and those it does not satisfy, with
reasons.

One module per kind of resource holds its controls, as data; `catalogue` lists all of them. Each control has a test of
the registered resources (`tests/component/pages/test_controls.py`). `python -m cp_event_source.pages.compliance` prints
the page `docs/compliance.md`. Needs no Pulumi.
"""

from .catalogue import CONTROLS
from .control import Control, Default, NotDone, Option, Standards, Status
from .page import page

__all__ = ["CONTROLS", "Control", "Default", "NotDone", "Option", "Standards", "Status", "page"]
