"""The errors of a local run; every message says what was found and what to do."""

from cp_event_source.deployed.errors import CommandError


class LocalRunError(CommandError):
    """A local run cannot continue."""


class EmulatorError(LocalRunError):
    """The emulator did not start, or ended by itself."""


class FailedStartError(LocalRunError):
    """A function does not start: importing its module, or the domain logic, fails."""


class ProgramError(LocalRunError):
    """A Pulumi program, or its project file or configuration, could not be read or failed."""


class FailedComponentError(LocalRunError):
    """A component of the package failed, or one of its children did."""


class UnsupportedError(LocalRunError):
    """A program asks for something that a local run does not have: a resource type, an input, a function."""


class EventsError(LocalRunError):
    """The events to send could not be read, or the bus refused one."""


class NotDrainedError(LocalRunError):
    """The pipeline stopped making progress before every event sent was accounted for."""
