"""Totals, subtotals and headings of a project list: told from projects, and held against the rows that they sum."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cityloop.formats.project_cells import Amount
from cityloop.formats.project_columns import plain
from cityloop.i18n import Pair

__all__ = ["Difference", "Total", "TotalKind", "differing", "money_text", "row_label", "total_kind"]

TotalKind = Literal["total", "subtotal", "section", ""]
_TOTAL = re.compile(r"^(?:合计|总计|共计|总和|累计|(?:grand )?totals?|sum)(?:\(.*\)|[:：]|\d.*|共.*)?$")
_SUBTOTAL = re.compile(r"^(?:.*小计|sub-?totals?)(?:\(.*\)|[:：]|\d.*)?$")
_NUMBER = re.compile(r"^\(?[一二三四五六七八九十]{1,3}\)?[、.]?$")
_HEADING = re.compile(r"^(?:\(?[一二三四五六七八九十]{1,3}\)?[、.]|\([一二三四五六七八九十]{1,3}\))")
#: Rows are rounded in a list: half a hundredth of a 万元 each.
ROUNDED = 50.0


@dataclass(frozen=True)
class Total:
    """A row that is no project: from 0, what it says of the investment, and how many projects stand before it."""

    row: int
    kind: TotalKind
    amount: Amount | None
    at: int


def total_kind(said: Iterable[str], serial: str, *, bare: bool) -> TotalKind:
    """What a row is by its first texts; `bare` = it says nothing of what is built, as a heading does.

    >>> total_kind(["合 计"], "", bare=True), total_kind(["一", "供水类"], "一", bare=True), total_kind(["1", "管网"], "1", bare=False)
    ('total', 'section', '')
    """
    texts = {plain(s) for s in said} - {""}
    if any(_TOTAL.match(s) for s in texts):
        return "total"
    if any(_SUBTOTAL.match(s) for s in texts):
        return "subtotal"
    number = plain(serial)
    heading = bool(_NUMBER.match(number)) or (not number and any(_HEADING.match(s) for s in texts))
    return "section" if heading and bare else ""


def row_label(texts: Iterable[str]) -> str:
    """What a row is called: its first text, and the next one after a mere number."""
    said = [*dict.fromkeys(filter(None, texts)), ""]
    return " ".join(said[:2]).strip() if _NUMBER.match(plain(said[0])) else said[0]


def money_text(value: float, currency: str) -> Pair:
    """An amount in both languages, yuan in 万元 in Chinese."""
    said = f"{value:,.0f} {currency}"
    return Pair(said, f"{value / 1e4:,.2f}".rstrip("0").rstrip(".") + " 万元" if currency == "CNY" else said)


@dataclass(frozen=True)
class Difference:
    """A total that its rows do not add up to: their sum in its currency, how many they are, how many have no such amount.

    `one` = place of the only project whose amount is the difference; None where there is none or several.
    """

    total: Total
    stated: Pair
    summed: Pair
    rows: int
    missing: int
    one: int | None


def differing(totals: Sequence[Total], amounts: Sequence[Amount | None]) -> Iterator[Difference]:
    """Totals that differ from their rows; rows without an amount in a total's currency do not count towards it.

    A total sums all rows, a heading those up to the next one, a subtotal those above it, or below it where the first
    subtotal stands above any row.
    """
    subtotals = [t.at for t in totals if t.kind == "subtotal"]
    below = bool(subtotals) and subtotals[0] == 0
    for total in totals:
        first, last = 0, len(amounts)
        if total.kind != "total":
            marks = [t.at for t in totals if t.kind == total.kind and t is not total]
            if total.kind == "section" or below:
                first, last = total.at, min((m for m in marks if m >= total.at), default=last)
            else:
                first, last = max((m for m in marks if m <= total.at), default=0), total.at
        if total.amount is not None and first < last:
            yield from _held(total, total.amount, first, amounts[first:last])


def _held(total: Total, stated: Amount, first: int, amounts: Sequence[Amount | None]) -> Iterator[Difference]:
    """The difference between one total and its rows, if there is any."""
    parts = {n: a.value for n, a in enumerate(amounts, first) if a is not None and a.currency == stated.currency}
    over = sum(parts.values()) - stated.value
    if abs(over) > max(1e-6 * stated.value, ROUNDED * len(amounts)):
        like = [n for n, value in parts.items() if abs(value - over) <= ROUNDED]
        yield Difference(
            total, money_text(stated.value, stated.currency), money_text(sum(parts.values()), stated.currency),
            len(amounts), len(amounts) - len(parts), like[0] if len(like) == 1 else None,
        )  # fmt: skip
