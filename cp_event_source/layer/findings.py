"""What the check reports."""

from dataclasses import dataclass


class Finding(str):
    """One problem as a line of text: `file:line: problem; remedy`."""

    __slots__ = ("file", "line", "message")
    file: str
    """The file in the layer's folder, or an empty text if the problem is in no single file."""
    line: int
    """The line in the file, or 0."""
    message: str
    """The problem and the remedy, without the place."""

    def __new__(cls, message: str, file: str = "", line: int = 0) -> "Finding":
        """
        Args:
            message: the problem and the remedy.
            file: the file in the layer's folder.
            line: the line in the file.
        """
        place = f"{file}:{line}: " if line else f"{file}: " if file else ""
        self = super().__new__(cls, place + message)
        self.file, self.line, self.message = file, line, message
        return self


@dataclass(frozen=True)
class Report:
    """What the check found, each sorted by file and line."""

    errors: tuple[Finding, ...]
    """With these the functions would not start, or could not fold."""
    warnings: tuple[Finding, ...]
    """With these the logic works, but perhaps not as intended."""


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Each finding once, by file and line."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda each: (each.file, each.line, each.message)))
