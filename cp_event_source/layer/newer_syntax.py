"""Rewrites syntax of newer Pythons, so that an older one can read the rest of the file.

The functions run on a newer Python than a preview may. A file that only this Python cannot read must not be refused,
and one that none can read must be.
"""

import re
from dataclasses import dataclass
from typing import Final

_STRING: Final = re.compile(r"(?P<prefix>[bfrtuBFRTU]{0,2})(?P<quote>'''|\"\"\"|'|\")")
_TYPE_STATEMENT: Final = re.compile(r"^(?P<indent>[ \t]*)type(?P<space>[ \t]+)\w+[ \t]*(?=[=\[])", re.MULTILINE)
_GENERIC: Final = re.compile(r"\b(?:def|class)[ \t]+\w+[ \t]*(?=\[)")
_WORD: Final = re.compile(r"\w+")
_EXCEPT: Final = re.compile(
    r"\bexcept\b(?P<star>[ \t]*\*)?[ \t]*(?P<types>[\w.]+(?:[ \t]*,[ \t]*[\w.]+)+)[ \t]*,?[ \t]*:"
)


@dataclass(frozen=True)
class Newer:
    """A use of newer syntax."""

    line: int
    what: str
    version: tuple[int, int]
    """The Python that introduced it."""


def rewritten(source: str, running: tuple[int, int]) -> tuple[str, list[Newer]]:
    """The source with older syntax in the place of what is newer than a Python, line by line, and what was replaced.

    What it means does not stay: type parameters go, and new kinds of string literals become empty strings.

    Args:
        source: the text of a Python file.
        running: the version of the Python that must read it.
    """
    return _Rewriting(source, running).done()


class _Rewriting:
    def __init__(self, source: str, running: tuple[int, int]) -> None:
        self._source = source
        self._running = running
        self._found: list[Newer] = []

    def done(self) -> tuple[str, list[Newer]]:
        text, code = self._without_newer_strings()
        # `code` is as long as `text`, with blanks for what is in strings and comments.
        # From the end, so that the positions of the others stay.
        for match in reversed(list(_TYPE_STATEMENT.finditer(code))):
            if self._note(code, match.end("indent"), "a type statement", (3, 12)):
                if code[match.end()] == "[":
                    text, code = self._without_brackets(text, code, match.end())
                start, end = match.end("indent"), match.end("space")
                text, code = (each[:start] + each[end:] for each in (text, code))
        for match in reversed(list(_GENERIC.finditer(code))):
            if self._note(code, match.start(), "type parameters", (3, 12)):
                text, code = self._without_brackets(text, code, match.end())
        for match in reversed(list(_EXCEPT.finditer(code))):
            if self._note(code, match.start(), "except with several types and no parentheses", (3, 14)):
                start, end = match.span("types")
                text = f"{text[:start]}({text[start:end]}){text[end:]}"
        return text, sorted(self._found, key=lambda each: each.line)

    def _note(self, code: str, position: int, what: str, version: tuple[int, int]) -> bool:
        if version <= self._running:
            return False
        self._found.append(Newer(code.count("\n", 0, position) + 1, what, version))
        return True

    @staticmethod
    def _without_brackets(text: str, code: str, start: int) -> tuple[str, str]:
        depth, end = 0, start
        while end < len(code):
            depth += {"[": 1, "]": -1}.get(code[end], 0)
            end += 1
            if depth == 0:
                break
        return _blanked(text, start, end), _blanked(code, start, end)

    def _without_newer_strings(self) -> tuple[str, str]:
        text: list[str] = []
        code: list[str] = []
        position = 0
        source = self._source
        while position < len(source):
            if source[position] == "#":
                end = _line_end(source, position)
                text.append(source[position:end])
                code.append(" " * (end - position))
            elif match := _STRING.match(source, position):
                end, newer = _string_end(source, match)
                old = source[position:end]
                kind = match["prefix"].lower()
                if "t" in kind and self._note(source, position, "a template string", (3, 14)):
                    newer = True
                elif newer and not self._note(
                    source, position, "a quote, backslash or comment in an f-string", (3, 12)
                ):
                    newer = False
                new = '"""' + "\n" * old.count("\n") + '"""' if newer else old
                text.append(new)
                code.append(re.sub(r"[^\n]", " ", new))
            else:
                end = position + (len(word[0]) if (word := _WORD.match(source, position)) else 1)
                text.append(source[position:end])
                code.append(source[position:end])
            position = end
        return "".join(text), "".join(code)


def _blanked(text: str, start: int, end: int) -> str:
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]).replace("\n", "\\\n") + text[end:]


def _line_end(source: str, position: int) -> int:
    end = source.find("\n", position)
    return len(source) if end < 0 else end


def _string_end(source: str, match: re.Match[str]) -> tuple[int, bool]:
    """Where a string literal ends, and whether only newer Pythons see this end."""
    quote, kind = match["quote"], match["prefix"].lower()
    formatted, raw = "f" in kind or "t" in kind, "r" in kind
    position, newer = match.end(), False
    while position < len(source):
        character = source[position]
        if character == "\\" and not (raw and formatted and source[position + 1 : position + 2] in "{}"):
            position += 2
        elif source.startswith(quote, position):
            return position + len(quote), newer
        elif character == "\n" and len(quote) == 1:
            return position, newer  # not closed: a plain error, which the parser reports
        elif formatted and source.startswith(("{{", "}}"), position):
            position += 2
        elif formatted and character == "{":
            position, field = _field_end(source, position + 1, quote)
            newer = newer or field
        else:
            position += 1
    return position, newer


def _field_end(source: str, position: int, quote: str) -> tuple[int, bool]:
    """Where a replacement field ends, and whether it has what older Pythons do not allow in one."""
    depth, newer = 0, False
    while position < len(source):
        character = source[position]
        if character == "}" and depth == 0:
            return position + 1, newer
        if character == "#":
            newer, position = True, _line_end(source, position)
        elif character == "\\" or (character == "\n" and len(quote) == 1):
            newer, position = True, position + 1
        elif match := _STRING.match(source, position):
            end, nested = _string_end(source, match)
            inside = source[position:end]
            newer = newer or nested or quote in inside or "\\" in inside
            position = end
        elif character == ":" and depth == 0:
            # The format, which can hold fields of its own.
            position += 1
            while position < len(source) and source[position] != "}":
                if source[position] == "{":
                    position, field = _field_end(source, position + 1, quote)
                    newer = newer or field
                elif source.startswith(quote, position):
                    return position, newer
                else:
                    position += 1
        else:
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
            position += len(word[0]) if (word := _WORD.match(source, position)) else 1
    return position, newer
