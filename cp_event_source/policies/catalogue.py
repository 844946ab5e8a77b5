"""All policies."""

from typing import Final

from . import bus, functions, key, monitoring, options, queues, roles, tables
from .policy import Policy

POLICIES: Final[dict[str, Policy]] = {
    each.key: each
    for module in (tables, key, bus, queues, functions, roles, monitoring, options)
    for each in module.POLICIES
}
"""All policies, by the keys of their controls."""
