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
        version: of the package, for the title; without it the page is that of the checkout it lies in.
    """
    default = [control for control in CONTROLS if isinstance(control.status, Default)]
    parts = (
        *(f"# Compliance{f' of cp-event-source {version}' if version else ''}", _INTRODUCTION),
        *("## What your account must do", _YOURS),
        *("## Threats, and what becomes of them", _threats()),
        *("## Satisfied by default", _DEFAULT, _controls(default)),
        *("## Satisfied when asked for", _options()),
        *("## Not satisfied, and why", _not_done()),
        *("## In a development stack", _DEVELOPMENT, _development(default)),
        *("## By the standards", _STANDARDS, _requirements()),
        *("## Scanned", _SCANNED),
    )
    return "\n\n".join(parts) + "\n"


_INTRODUCTION: Final = f"""\
<!-- Generated: python -m cp_event_source.pages.compliance > docs/compliance.md -->

Which security controls a pipeline satisfies as the component deploys it, which when an input asks for it, and which
not. `cp-event-source compliance` prints this page for the version that is installed. Each control has a test, on the
resources as they are registered, that fails when the property is taken away
([test_controls.py](../{_TESTS})).

It is no certification: no auditor has looked at it, and a standard asks for much more than resources' properties. Ids
are those that the standards' own pages had when they were last looked up; only those are here that could be."""

_YOURS: Final = """\
- CloudTrail, with data events of the events table if who reads them must be known; AWS Config and Security Hub
  themselves.
- Who may deploy, use the key and attach the component's policies: roles, permission boundaries, MFA.
- A plan of AWS Backup, its vault and the vault's lock; copies in another account or region.
- A subscription to the alarms' topic: until there is one, alarms tell nobody. Its endpoint must be confirmed.
- The policy, the encryption and the protection from deletion of a bus, key, topic or bucket of yours that is given to
  the component.
- The domain's logic, its layer and what it brings along: it runs with the project function's role.
- Producers: that what they claim in `UserId` and `IpAddress` is true."""

_DEFAULT: Final = "Beside every control is its key, by which its test goes."

_DEVELOPMENT: Final = """\
`development=True` is for stacks that may be thrown away with all their events. It switches off these, and no others;
`alarms=True` switches `alarms-notify` on again, and `log_retention_days` `log-retention`:"""

_STANDARDS: Final = """\
Security Hub relates its controls to requirements of the standards; this is its relation, not ours, for those of its
controls that are satisfied by default or by an option. CIS names none for these services but the key's rotation.
Security Hub's controls on tags and those that are not here are related to none, or to none that could be looked up."""

_SCANNED: Final = f"""\
`make scan` writes what is registered in Terraform's language, and has [checkov](https://www.checkov.io) look at it: in
the tables above it finds what is an option or not satisfied, and nothing else. Its checks are seen to fail, too, when a
control is removed ([test_checkov.py](../{_SCAN})).

What it cannot see, and the tests do: a bus without a policy, or with an open one; deletion protection; a rule's
target without dead-letter queue or retries; an alarm without actions; a rule that matches everything; queues and
topics that take what comes without TLS; a key whose policy forgets a service; a role that may not write to its own
dead-letter queue, or trace; what is not tagged. And it looks less closely: `CKV_AWS_364` asks for some source of an
invocation, not for the right one."""


def _threats() -> str:
    return table(
        ("what may happen", "what is done about it", "shown by"),
        [
            (each.threat, each.behaviour, ", ".join(f"[{_file(test)}](../{test})" for test in each.tests))
            for each in THREATS
        ],
    )


def _file(path: str) -> str:
    return path.removeprefix("tests/")


def _controls(controls: Iterable[Control]) -> str:
    return table(
        ("control", "why here", "how", "asked for by"),
        [(f"{each.asks} (`{each.key}`)", each.why, each.property, _asked_by(each)) for each in controls],
    )


def _options() -> str:
    rows = [
        (f"{each.asks} (`{each.key}`)", _code(each.status.input.split(", ")), each.why, each.property, _asked_by(each))
        for each in CONTROLS
        if isinstance(each.status, Option)
    ]
    return table(("control", "input", "why, and why not by default", "how", "asked for by"), rows)


def _not_done() -> str:
    rows = [
        (f"{each.asks} (`{each.key}`)", f"{each.why} {each.status.reason}", each.property, _asked_by(each))
        for each in CONTROLS
        if isinstance(each.status, NotDone)
    ]
    return table(("control", "why not", "it would be", "asked for by"), rows)


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
