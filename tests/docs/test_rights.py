"""Guarantee: for each AWS command, the pages say which rights it needs, and which policy of the component has them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import botocore.session
import pytest
from botocore import xform_name

from cp_event_source.policies.documents import Request, allows, statements_in

from ..component.deployment import Deployment, arn, deployed_with, physical
from .markdown import REPOSITORY, Block, blocks, links, pages

PAGE = REPOSITORY / "docs" / "reference" / "rights.md"
TABLE = arn("dynamodb", f"table/{physical('files-domain')}")
OFFERED = {
    "the index `ParkedDomains`": f"{TABLE}/index/ParkedDomains",
    "the domain table": TABLE,
    "the domain events table": arn("dynamodb", f"table/{physical('files-domain-events')}"),
    "the event bus": arn("events", f"event-bus/{physical('files-bus')}"),
}
"""The resources that the component's policies allow access to, by their names on the page."""

KEY = arn("kms", f"key/{physical('files-key')}")
POLICIES = {f"{kind}_policy_arn": f"files-{kind}" for kind in ("publisher", "reader", "auditor", "operator")}
TABLES = {"domain_table_name": "the domain table", "domain_events_table_name": "the domain events table"}

ACTIONS = {
    "aws dynamodb wait": "dynamodb:DescribeTable",
    "aws logs tail": "logs:FilterLogEvents",
    "aws s3 cp": "s3:GetObject",
    "aws s3api head-object": "s3:GetObject",
    "aws signer wait": "signer:DescribeSigningJob",
}
"""The rights of commands that have another name than their right."""


COPYING = ("export-table-to-point-in-time", "restore-table-to-point-in-time", "wait")
"""The commands on tables that no policy offers, whatever the table."""


class Row(NamedTuple):
    commands: list[str]
    rights: list[str]
    on: str
    offered: set[str]


def rows() -> list[Row]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [Row(coded(commands), coded(rights), on, set(coded(offered))) for commands, rights, on, offered in cells]


def coded(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def named(text: str) -> Iterator[tuple[str, str]]:
    """The AWS commands in a text, each with its arguments."""
    for line in text.replace("\\\n", " ").splitlines():
        for found in re.finditer(r"\b(aws [a-z0-9]+ [a-z][a-z-]+)(?=[\s`]|$)", line):
            yield found[1], line[found.end() :]


def with_tables(block: Block) -> Iterator[tuple[str, str | None]]:
    """A block's commands. A command on a table comes with the name of the table."""
    variables = dict(re.findall(r"^(\w+)=\$\(pulumi stack output (\w+)\)", block.text, re.MULTILINE))
    for command, arguments in named(block.text):
        if not command.startswith("aws dynamodb ") or command.endswith(COPYING):
            yield command, None
        elif "--index-name ParkedDomains" in arguments:
            yield command, "the index `ParkedDomains`"
        else:
            table = re.search(r'--table-name "\$(?:\(pulumi stack output (\w+)\)|(\w+))"', arguments)
            assert table, f"{block}: which table does {command} read?"
            yield command, TABLES[table[1] or variables[table[2]]]


def stated(command: str, on: str | None) -> bool:
    return any(command in row.commands and on in (None, row.on) for row in rows())


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_the_rights_of_every_command_are_stated_and_its_page_links_to_them(page: Path) -> None:
    in_blocks = [each for block in blocks(page) if block.language == "bash" for each in with_tables(block)]
    in_prose = [(command, None) for code in coded(page.read_text(encoding="utf-8")) for command, _ in named(code)]
    assert [(command, on) for command, on in [*in_blocks, *in_prose] if not stated(command, on)] == []
    if in_blocks:
        assert any(link.endswith("rights.md") for link in links(page)), "the page must link to the rights"


def test_the_check_finds_a_command_without_stated_rights() -> None:
    block = Block(PAGE, 1, "bash", 'aws sqs delete-queue --queue-url "$url"\naws dynamodb scan --table-name "$t"\n', "")
    assert not stated(*next(with_tables(block)))
    assert not stated("aws dynamodb get-item", "the domain events table")


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.commands[0]} on {row.on}")
def test_the_stated_rights_include_those_of_the_commands(row: Row) -> None:
    session = botocore.session.Session()
    for command in row.commands:
        _, service, name = command.split()
        action = ACTIONS.get(command)
        if action is None:
            model = session.get_service_model("s3" if service == "s3api" else service)
            (operation,) = [each for each in model.operation_names if xform_name(each, "-") == name]
            action = f"{model.signing_name}:{operation}"
        assert action in row.rights


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return deployed_with()


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.commands[0]} on {row.on}")
def test_the_page_names_exactly_the_policies_that_allow_a_command(row: Row, deployment: Deployment) -> None:
    assert row.offered <= POLICIES.keys()
    for output, name in POLICIES.items():
        statements = statements_in(deployment.only("Policy", name).inputs["policy"])
        if row.on in OFFERED:
            allowed = all(
                allows(statements, Request(right, KEY if right.startswith("kms:") else OFFERED[row.on]))
                for right in row.rights
            )
        else:
            actions = {action for statement in statements for action in statement["Action"]}
            allowed = set(row.rights) <= actions
        assert allowed == (output in row.offered), output
