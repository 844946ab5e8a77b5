"""The cost of a pipeline per month, as code: AWS's list prices times the quantities used.

    from cp_event_source.costs import estimate

    estimate(1_000_000).dollars
    estimate(1_000_000, development=True).lines

`python -m cp_event_source.pages.costs` prints the page `docs/costs.md`. Needs no Pulumi and no AWS account.
"""

from .bill import Estimate, Line, Part, estimate
from .load import Batches
from .page import page, summary
from .prices import PRICES, Price

__all__ = ["PRICES", "Batches", "Estimate", "Line", "Part", "Price", "estimate", "page", "summary"]
