"""Which security controls the component satisfies, by default or by an option, and which not and why.

One module for each kind of resource holds the controls on it, as data; `catalogue` lists them all. A test of the
resources as they are registered belongs to every control (`tests/component/pages/test_controls.py`).
`python -m cp_event_source.pages.compliance` prints the page about them, which is `docs/compliance.md`. No Pulumi.
"""

from .catalogue import CONTROLS
from .control import Control, Default, NotDone, Option, Standards, Status
from .page import page

__all__ = ["CONTROLS", "Control", "Default", "NotDone", "Option", "Standards", "Status", "page"]
