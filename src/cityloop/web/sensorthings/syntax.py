"""The query language of SensorThings: expressions of $filter and $orderby, and the nesting of $expand."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cityloop.errors import InputError

__all__ = ["Binary", "Call", "Constant", "Expression", "Not", "Path", "ordering", "parse", "split_top"]

#: Deepest nesting of an expression, and its longest text.
DEEPEST, LONGEST = 40, 8_000
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^']|'')*')
  | (?P<time>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?)(?![\w])
  | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w])
  | (?P<name>[@A-Za-z_][\w.@]*(?:/[@A-Za-z_][\w.@-]*)*)
  | (?P<sign>[(),-])
    )""",
    re.VERBOSE,
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",), ("and",), ("eq", "ne", "gt", "ge", "lt", "le"), ("add", "sub"), ("mul", "div", "mod"),
)  # fmt: skip


@dataclass(frozen=True)
class Constant:
    """A value written in the text."""

    value: str | float | bool | datetime | None


@dataclass(frozen=True)
class Path:
    """A property, reached over related entities: ("Datastream", "Thing", "name")."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A function of its arguments."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True)
class Binary:
    """Two expressions and what is between them."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True)
class Not:
    """The contrary of an expression, or with `minus` its negative."""

    inner: "Expression"
    minus: bool = False


Expression = Constant | Path | Call | Binary | Not


def parse(text: str) -> Expression:
    """One expression. Raises InputError saying where it cannot be read.

    >>> parse("result gt 5 and Datastream/name eq 'a'")
    Binary(operator='and', left=Binary(operator='gt', left=Path(parts=('result',)), right=Constant(value=5.0)), right=Binary(operator='eq', left=Path(parts=('Datastream', 'name')), right=Constant(value='a')))
    """
    reader = _Reader(text)
    found = reader.level(0, 0)
    if reader.at < len(reader.tokens):
        raise reader.fault("the end")
    return found


def ordering(text: str) -> list[tuple[Expression, bool]]:
    """Expressions of $orderby, each with whether it runs downwards."""
    found = []
    for part in split_top(text, ","):
        words = part.strip().rsplit(None, 1)
        down = len(words) == 2 and words[1].lower() == "desc"
        up = len(words) == 2 and words[1].lower() == "asc"
        found.append((parse(words[0] if down or up else part), down))
    return found


def split_top(text: str, mark: str) -> list[str]:
    """A text split at a mark that stands in no brackets and no quotes. Raises InputError for brackets that do not close."""
    parts, depth, quoted, begin = [], 0, False, 0
    for i, sign in enumerate(text):
        if sign == "'":
            quoted = not quoted
        elif not quoted and sign in "()":
            depth += 1 if sign == "(" else -1
            if depth < 0:
                break
        elif not quoted and not depth and sign == mark:
            parts.append(text[begin:i])
            begin = i + 1
    if depth or quoted:
        raise InputError("Brackets or quotes that do not close.", where="query", got=text[:200])
    return [*parts, text[begin:]]


class _Reader:
    """Reads tokens from left to right, operators by their level."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise InputError("The expression is too long.", got=f"{len(text)} characters", allowed=f"{LONGEST}")
        self.text, self.at = text, 0
        self.tokens: list[tuple[Literal["text", "time", "number", "name", "sign"], str, int]] = []
        place = 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                raise InputError(
                    "The expression cannot be read.", where=f"character {place + 1}", got=text[place : place + 40]
                )
            self.tokens.append((match.lastgroup, match.group(match.lastgroup), match.start()))  # type: ignore[arg-type]
            place = match.end()

    def fault(self, expected: str) -> InputError:
        if self.at < len(self.tokens):
            _, text, place = self.tokens[self.at]
            return InputError(
                "The expression cannot be read.", where=f"character {place + 1}", got=text[:40], allowed=expected
            )
        return InputError("The expression ends too early.", where="its end", got=self.text[-40:], allowed=expected)

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, sign: str) -> None:
        if self.peek() != sign or self.tokens[self.at][0] != "sign":
            raise self.fault(sign)
        self.at += 1

    def level(self, number: int, depth: int) -> Expression:
        if depth > DEEPEST:
            raise InputError("The expression is nested too deep.", allowed=str(DEEPEST))
        if number == len(_LEVELS):
            return self.single(depth)
        left = self.level(number + 1, depth)
        while self.at < len(self.tokens) and self.tokens[self.at][0] == "name" and self.peek() in _LEVELS[number]:
            operator = self.peek()
            self.at += 1
            left = Binary(operator, left, self.level(number + 1, depth))
        return left

    def single(self, depth: int) -> Expression:
        if self.at >= len(self.tokens):
            raise self.fault("a value, a property or a function")
        kind, text, _ = self.tokens[self.at]
        self.at += 1
        if kind == "sign":
            if text == "(":
                inner = self.level(0, depth + 1)
                self.take(")")
                return inner
            if text == "-":
                return Not(self.single(depth + 1), minus=True)
            self.at -= 1
            raise self.fault("a value, a property or a function")
        if kind == "text":
            return Constant(text[1:-1].replace("''", "'"))
        if kind == "number":
            return Constant(float(text))
        if kind == "time":
            return Constant(self._moment(text))
        if text == "not":
            return Not(self.level(2, depth + 1))
        if text in ("true", "false", "null"):
            return Constant({"true": True, "false": False, "null": None}[text])
        if self.peek() == "(" and "/" not in text:
            return Call(text.lower(), self.arguments(depth))
        return Path(tuple(text.split("/")))

    def _moment(self, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
            return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError) as fault:
            raise InputError("Not a time.", where="$filter", got=text, allowed="ISO 8601") from fault

    def arguments(self, depth: int) -> tuple[Expression, ...]:
        self.take("(")
        found: list[Expression] = []
        while self.peek() != ")":
            if found:
                self.take(",")
            found.append(self.level(0, depth + 1))
        self.take(")")
        return tuple(found)
