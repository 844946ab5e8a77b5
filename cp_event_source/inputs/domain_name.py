"""The rule for a domain's name. It needs no Pulumi, so that the command line can check a name, too."""

import re
from typing import Final

MAX_DOMAIN_NAME_LENGTH: Final = 256
"""A tag's value ends at 256 characters. The name also stands in a metric's dimension, an event pattern and a function's
environment, which hold more."""

_DOMAIN_NAME: Final = re.compile(r"[A-Za-z0-9 _.:/=+@-]+")
"""What a tag's value may hold in every service, within the ASCII that a metric's dimension may hold."""


def domain_name_problem(value: str) -> str | None:
    """Why a text cannot be a domain's name: the rule, what was found, what to do. None if it can."""
    if not value.strip():
        return f"must not be blank; got {value!r}; give the name of the domain, such as 'File'"
    if len(value) > MAX_DOMAIN_NAME_LENGTH:
        return f"must have at most {MAX_DOMAIN_NAME_LENGTH} characters; got {len(value)} ({value[:20]!r}...)"
    if value != value.strip() or not _DOMAIN_NAME.fullmatch(value):
        return (
            "must consist of ASCII letters, digits, inner spaces and _ . : / = + @ -, which tags and metrics take; "
            f"got {value!r}"
        )
    return None
