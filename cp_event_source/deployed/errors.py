"""The error of a command; every message says what was found and what to do."""


class CommandError(Exception):
    """A command cannot continue."""


class UsageError(CommandError):
    """The command line names what does not exist or does not fit. Nothing is done."""
