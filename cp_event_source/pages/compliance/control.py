"""What a control is."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Default:
    """Satisfied without any input."""

    off_in_development: bool = False
    """Whether `development=True` switches it off."""


@dataclass(frozen=True)
class Option:
    """Satisfied when an input asks for it."""

    input: str
    """The input's name, or that of a field in it; several are separated by a comma and a space."""


@dataclass(frozen=True)
class NotDone:
    """Not satisfied."""

    reason: str


Status = Default | Option | NotDone


@dataclass(frozen=True)
class Standards:
    """The standards that require it, by their own ids. NIST, PCI DSS and CIS follow from `security_hub`."""

    security_hub: tuple[str, ...] = ()
    """Controls of AWS Security Hub."""
    cdk_nag: tuple[str, ...] = ()
    """Rules of cdk-nag. Those of the packs AwsSolutions and NIST 800-53 r5 begin with `AwsSolutions` and
    `NIST.800.53.R5`; those of the pack Serverless have their name only."""
    checkov: tuple[str, ...] = ()
    """Checks of checkov."""


@dataclass(frozen=True)
class Control:
    """One control."""

    key: str
    """In kebab-case; unique. Its test has the same key."""
    asks: str
    """What the control requires, as a title."""
    why: str
    """Why it matters here, in one or two sentences."""
    property: str
    """The resources and their properties that satisfy it, with the names of pulumi-aws, as Markdown."""
    status: Status
    standards: Standards = field(default_factory=Standards)
