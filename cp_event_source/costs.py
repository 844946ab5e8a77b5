"""What a pipeline costs a month: AWS's list prices times what it uses. Needs neither Pulumi nor an AWS account.

from cp_event_source.costs import estimate

estimate(1_000_000).dollars
estimate(1_000_000, development=True).lines
"""

from .pages.costs import PRICES, Batches, Estimate, Line, Part, Price, estimate

__all__ = ["PRICES", "Batches", "Estimate", "Line", "Part", "Price", "estimate"]
