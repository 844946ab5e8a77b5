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
    """As the component's arguments have it."""


@dataclass(frozen=True)
class NotDone:
    """Not satisfied."""

    reason: str


Status = Default | Option | NotDone


@dataclass(frozen=True)
class Standards:
    """Who asks for it, by their own ids. NIST, PCI DSS and CIS follow from Security Hub's (`security_hub`)."""

    security_hub: tuple[str, ...] = ()
    """Controls of AWS Security Hub."""
    cdk_nag: tuple[str, ...] = ()
    """Rules of cdk-nag: of its pack AwsSolutions with that name in front, of NIST 800-53 r5 with `NIST.800.53.R5`,
    of Serverless by the name alone."""
    checkov: tuple[str, ...] = ()
    """Checks of checkov."""


@dataclass(frozen=True)
class Control:
    """One control."""

    key: str
    """In kebab-case; unique. Its test goes by it."""
    asks: str
    """What is asked, as a title."""
    why: str
    """Why here, in one sentence."""
    property: str
    """The resources and their properties that satisfy it, in pulumi-aws's terms, as Markdown."""
    status: Status
    standards: Standards = field(default_factory=Standards)
