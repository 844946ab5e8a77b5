"""The page on compliance, `docs/compliance.md`."""

from collections.abc import Iterable, Sequence
from typing import Final

from ..markdown import table
from .catalogue import CONTROLS
from .control import Control, Default, NotDone, Option
from .security_hub import REQUIREMENTS
from .threats import THREATS

_TESTS: Final = "tests/component/pages/test_controls.py"
_SCAN: Final = "tests/scan/test_checkov.py"


def page(version: str | None = None) -> str:
    """The whole page, as Markdown.

    Args:
        version: the package's version, for the title. Without it the title has none, as in `docs/compliance.md`.
    """
    default = [control for control in CONTROLS if isinstance(control.status, Default)]
    parts = (
        *(f"# Compliance{f' of cp-event-source {version}' if version else ''}", _INTRODUCTION),
        *("## What your account must do", _YOURS),
        *("## Threats and responses", _threats()),
        *("## Satisfied by default", _DEFAULT, _controls(default)),
        *("## Satisfied by an input", _options()),
        *("## Not satisfied", _not_done()),
        *("## In a development stack", _DEVELOPMENT, _development(default)),
        *("## Requirements of the standards", _STANDARDS, _requirements()),
        *("## Scan", _SCANNED),
    )
    return "\n\n".join(parts) + "\n"


_INTRODUCTION: Final = f"""\
<!-- Generated: python -m cp_event_source.pages.compliance > docs/compliance.md -->

This page lists the security controls that a pipeline satisfies by default, those that it satisfies with an input, and
those that it does not satisfy. `cp-event-source compliance` prints this page for the installed version. Each control
has a test of the registered resources that fails when the property is removed ([test_controls.py](../{_TESTS})).
With the [policy pack](how-to/enforce-the-controls.md), Pulumi refuses a stack that lacks one.

This is not a certification: no auditor has checked it, and a standard requires much more than properties of resources.
The ids are those of the standards' own pages when they were last looked up. Only ids that could be looked up are
listed."""

_YOURS: Final = """\
The component does not do these. You do:

- Turn on CloudTrail, AWS Config and Security Hub. If you must know who reads events, record CloudTrail's data events
  of the domain events table.
- Decide who may deploy, use the key and attach the component's policies: roles, permission boundaries, MFA.
- Set up a plan of AWS Backup, its vault and the vault's lock, and copies in another account or region.
- Subscribe to the alarms' topic and confirm the endpoint. Until then, alarms notify nobody.
- For a bus, key, topic or bucket that you give to the component: set its policy, its encryption and its protection
  from deletion.
- Check the domain logic, its layer and its dependencies. They run with the project function's role.
- Make sure that producers' claims in `UserId` and `IpAddress` are true."""

_DEFAULT: Final = "The name in parentheses is the control's key. Its test has the same key."

_DEVELOPMENT: Final = """\
`development=True` is for stacks that you may discard with all their events. It turns off the controls in this list and
no others. `monitoring.alarms` turns `alarms-notify` on again, `functions.log_retention_days` turns `log-retention` on
again, and `functions.tracing` turns `tracing` on again:"""

_STANDARDS: Final = """\
Security Hub maps its controls to requirements of the standards. This table is Security Hub's mapping, not ours, for its
controls that are satisfied by default or by an input. For these services, CIS requires only the key's rotation.
Security Hub's controls on tags, and its controls that are not in the table, have no requirement, or none that could be
looked up."""

_SCANNED: Final = f"""\
`make scan` translates the registered resources into Terraform's language and runs [checkov](https://www.checkov.io) on
them. checkov finds the controls above that need an input or are not satisfied, and nothing else. A test shows that its
checks also fail when a control is removed ([test_checkov.py](../{_SCAN})).

The tests check more than checkov does: a bus without a policy or with an open policy; deletion protection; a rule's
target without a dead-letter queue or retries; an alarm without actions; a rule that matches everything; queues and
topics that accept requests without TLS; a key whose policy omits a service; a role that may not write to its own
dead-letter queue or send traces; resources without tags. checkov is also less strict: `CKV_AWS_364` requires any source
of an invocation, not the right one."""


def _threats() -> str:
    return table(
        ("threat", "response", "test"),
        [
            (each.threat, each.behaviour, ", ".join(f"[{_file(test)}](../{test})" for test in each.tests))
            for each in THREATS
        ],
    )


def _file(path: str) -> str:
    return path.removeprefix("tests/")


def _controls(controls: Iterable[Control]) -> str:
    return table(
        ("control", "why", "how", "required by"),
        [(f"{each.asks} (`{each.key}`)", each.why, each.property, _asked_by(each)) for each in controls],
    )


def _options() -> str:
    rows = [
        (f"{each.asks} (`{each.key}`)", _code(each.status.input.split(", ")), each.why, each.property, _asked_by(each))
        for each in CONTROLS
        if isinstance(each.status, Option)
    ]
    return table(("control", "input", "why", "how", "required by"), rows)


def _not_done() -> str:
    rows = [
        (f"{each.asks} (`{each.key}`)", f"{each.why} {each.status.reason}", each.property, _asked_by(each))
        for each in CONTROLS
        if isinstance(each.status, NotDone)
    ]
    return table(("control", "why not", "property", "required by"), rows)


def _development(default: Sequence[Control]) -> str:
    off = [each for each in default if isinstance(each.status, Default) and each.status.off_in_development]
    return "\n".join(f"- {each.asks} (`{each.key}`)" for each in off)


def _requirements() -> str:
    satisfied = {
        asked for each in CONTROLS if not isinstance(each.status, NotDone) for asked in each.standards.security_hub
    }
    rows = [
        (name, ", ".join(related.nist), ", ".join(related.pci_dss), ", ".join(related.cis))
        for name, related in REQUIREMENTS.items()
        if name in satisfied
    ]
    return table(("Security Hub", "NIST SP 800-53 r5", "PCI DSS 4.0.1", "CIS AWS Foundations 5.0.0"), rows)


def _asked_by(control: Control) -> str:
    standards = control.standards
    asked = {"Security Hub": standards.security_hub, "cdk-nag": standards.cdk_nag, "checkov": standards.checkov}
    return "; ".join(f"{who}: {', '.join(ids)}" for who, ids in asked.items() if ids)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
