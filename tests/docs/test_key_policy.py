"""Guarantee: the page on keys of one's own shows the policy that a key needs."""

import json

from cp_event_source import key_policy_statements

from .markdown import REPOSITORY, blocks

PAGE = REPOSITORY / "docs" / "how-to" / "encrypt-with-your-own-key.md"


def test_the_policy_for_other_languages_has_the_statements_that_python_programs_get() -> None:
    (shown,) = (json.loads(block.text) for block in blocks(PAGE) if block.language == "json")
    accounts, *others = shown["Statement"]
    assert accounts["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert others == key_policy_statements(partition="aws", region="eu-central-1", account="111122223333")
