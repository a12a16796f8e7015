"""A small spreadsheet: calculates the formulas of a workbook by itself, knowing nothing of the program that wrote them."""

import math
import re
from typing import Any

from openpyxl import load_workbook

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?)|(?P<range>(?:'(?:[^']|'')+'!)?\$?[A-Z]{1,3}\$?\d+:\$?[A-Z]{1,3}\$?\d+)"
    r"|(?P<cell>(?:'(?:[^']|'')+'!)?\$?[A-Z]{1,3}\$?\d+)|(?P<name>[A-Z]+)(?=\()|(?P<op><=|>=|<>|[-+*/^(),=<>]))"
)


class Spreadsheet:
    """The workbook at a path; `value("Sheet", "B2")` calculates; `put` changes a cell before that."""

    def __init__(self, path: Any) -> None:
        book = load_workbook(path)
        self.cells = {
            (sheet.title, cell.coordinate): cell.value
            for sheet in book
            for row in sheet
            for cell in row
            if cell.value is not None
        }
        self.formulas = {
            key
            for key, value in self.cells.items()
            if isinstance(value, str) and value.startswith("=") and book[key[0]][key[1]].data_type == "f"
        }
        self.known: dict[tuple[str, str], Any] = {}

    def put(self, sheet: str, cell: str, value: float) -> None:
        self.cells[sheet, cell] = value
        self.formulas.discard((sheet, cell))
        self.known.clear()

    def value(self, sheet: str, cell: str) -> Any:
        key = (sheet, cell.replace("$", ""))
        if key not in self.formulas:
            return self.cells.get(key, 0.0)
        if key not in self.known:
            self.known[key] = _Formula(self, sheet, str(self.cells[key])[1:]).result()
        return self.known[key]


class _Formula:
    def __init__(self, book: Spreadsheet, sheet: str, text: str) -> None:
        self.book, self.sheet = book, sheet
        self.tokens, at = [], 0
        while at < len(text):
            found = TOKEN.match(text, at)
            assert found, (text, at)
            kind = found.lastgroup
            self.tokens.append((kind, found[kind]))
            at = found.end()
        self.at = 0

    def result(self) -> Any:
        found = self.comparison()
        assert self.at == len(self.tokens)
        return found

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self) -> tuple[str, str]:
        self.at += 1
        return self.tokens[self.at - 1]

    def comparison(self) -> Any:
        left = self.sum()
        while self.peek() in ("=", "<", ">", "<=", ">=", "<>"):
            op, right = self.take()[1], self.sum()
            left = {
                "=": left == right,
                "<": left < right,
                ">": left > right,
                "<=": left <= right,
                ">=": left >= right,
                "<>": left != right,
            }[op]
        return left

    def sum(self) -> Any:
        left = self.product()
        while self.peek() in ("+", "-"):
            left = left + self.product() if self.take()[1] == "+" else left - self.product()
        return left

    def product(self) -> Any:
        left = self.power()
        while self.peek() in ("*", "/"):
            left = left * self.power() if self.take()[1] == "*" else left / self.power()
        return left

    def power(self) -> Any:
        left = self.sign()
        while self.peek() == "^":  # left to right, and a sign binds closer, as spreadsheets do
            self.take()
            left = float(left) ** self.sign()
        return left

    def sign(self) -> Any:
        if self.peek() == "-":
            self.take()
            return -self.sign()
        return self.atom()

    def atom(self) -> Any:
        kind, text = self.take()
        if kind == "number":
            return float(text)
        if kind in ("cell", "range"):
            sheet, _, ref = text.rpartition("!")
            sheet = sheet[1:-1].replace("''", "'") if sheet else self.sheet
            return self.book.value(sheet, ref) if kind == "cell" else self.block(sheet, ref)
        if kind == "name":
            return self.call(text)
        assert text == "(", text
        found = self.comparison()
        assert self.take()[1] == ")"
        return found

    def block(self, sheet: str, ref: str) -> list[Any]:
        first, last = (re.fullmatch(r"([A-Z]+)(\d+)", part.replace("$", "")) for part in ref.split(":"))
        assert first and last
        columns = range(_number(first[1]), _number(last[1]) + 1)
        return [
            self.book.value(sheet, f"{_letters(c)}{r}") for r in range(int(first[2]), int(last[2]) + 1) for c in columns
        ]

    def call(self, name: str) -> Any:
        assert self.take()[1] == "("
        values = [self.comparison()]
        while self.peek() == ",":
            self.take()
            values.append(self.comparison())
        assert self.take()[1] == ")"
        match name:
            case "IF":
                return values[1] if values[0] else values[2]
            case "AND":
                return all(values)
            case "MOD":
                return values[0] - values[1] * math.floor(values[0] / values[1])
            case "INT":
                return float(math.floor(values[0]))
            case "EXP":
                return math.exp(values[0])
            case "SUM":
                return math.fsum(x for v in values for x in (v if isinstance(v, list) else [v]))
            case "SUMPRODUCT":
                assert len({len(v) for v in values}) == 1
                return math.fsum(math.prod(float(x) for x in row) for row in zip(*values, strict=True))
        raise AssertionError(name)


def _number(letters: str) -> int:
    total = 0
    for letter in letters:
        total = total * 26 + ord(letter) - 64
    return total


def _letters(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text
