"""loop.json and the way from a figure back to it: every ref resolves, by construction.

A ref is `<root>#<path>`. Roots: a record id; `city`; `rates`; `norm:<world>:<key>`; `derived:<key>`. Paths are field
names divided by dots, with `[n]` for a position and `[key]` for a key. On a Thing, `<indicator>[<day>]` is a daily value
of a series and `<indicator>.<field>` a field of that series' entry.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cityloop.i18n import Pair
from cityloop.records import Estimate
from cityloop.report.blocks import Figure, Inline, Sentence
from cityloop.report.numbers import PER, decimals_of, in_wan, money_unit, shown, significant, unit_text
from cityloop.report.shipped_texts import shipped

__all__ = ["NOT_KNOWN", "Trace", "resolve"]

NOT_KNOWN = Pair("not known", "未知")
_ESTIMATE = Pair("{value}{unit} ({low} to {high}, {level}\u00a0%)", "{value}{unit}（{low}～{high}，{level}%）")
_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


def resolve(loop_json: Mapping[str, Any], ref: str) -> Any:
    """The value in loop.json that a `data-ref` names; raises KeyError if there is none."""
    root, found, path = ref.rpartition("#")
    if not found:
        raise KeyError(ref)
    if root in ("city", "rates"):
        return _walk(loop_json[root], path, ref)
    kind, _, rest = root.partition(":")
    if kind == "norm":
        world, _, key = rest.partition(":")
        return _walk(loop_json["norms"][world][key], path, ref)
    if kind == "derived":
        entry = next((d for d in loop_json["derived"] if d["id"] == root), None)
        return _walk(entry, path, ref)
    record = next(
        (r for rows in loop_json.values() if isinstance(rows, list) for r in rows if r.get("id") == root), None
    )
    if record is None:
        raise KeyError(ref)
    return _from_record(loop_json, record, path, ref)


def _from_record(loop_json: Mapping[str, Any], record: Mapping[str, Any], path: str, ref: str) -> Any:
    """A field of a record, or of the series of a Thing."""
    first = re.split(r"[.\[]", path, maxsplit=1)[0]
    if record["noun"] != "Thing" or first in record:
        return _walk(record, path, ref)
    series = next((s for s in loop_json["series"] if s["thing"] == record["id"] and s["indicator"] == first), None)
    rest = path[len(first) :]
    return _walk(series, f"values{rest}" if rest.startswith("[") else rest.lstrip("."), ref)


def _walk(start: Any, path: str, ref: str) -> Any:
    """Follow a path through dicts and lists."""
    at = start
    for name, key in _STEP.findall(path):
        try:
            at = at[int(key)] if isinstance(at, list | tuple) else at[name or key]
        except (KeyError, IndexError, TypeError, ValueError):
            raise KeyError(ref) from None
    return at


class Trace:
    """loop.json while it is being filled, and figures cut from it."""

    def __init__(self, loop_json: dict[str, Any], timezone: str) -> None:
        self.loop_json = loop_json
        self.zone = ZoneInfo(timezone)
        self._records = {
            r["id"]: r
            for rows in loop_json.values()
            if isinstance(rows, list)
            for r in rows
            if "id" in r and "noun" in r
        }

    def add(self, rows: str, entry: dict[str, Any]) -> str:
        """Put what a section computed into loop.json under `rows`, by its `id`, so that figures can be cut from it; its id."""
        found = {"noun": rows, **entry}
        self.loop_json.setdefault(rows, []).append(found)
        self._records[found["id"]] = found
        return str(found["id"])

    def value(self, root: str, path: str) -> Any:
        """The value behind `root#path`."""
        if root in self._records:
            return _from_record(self.loop_json, self._records[root], path, f"{root}#{path}")
        return resolve(self.loop_json, f"{root}#{path}")

    def record(self, root: str) -> dict[str, Any]:
        """The record or derived figure of a root; empty for the city, its norms and rates."""
        return dict(self._records.get(root, {}))

    def number(
        self, root: str, path: str, *, unit: str = "", decimals: int | None = None, digits: int = 3,
        scale: tuple[float, float] = (1.0, 1.0), plain: bool = False,
    ) -> Inline:  # fmt: skip
        """One number, rounded to `decimals` or to `digits` significant ones; `plain` separates no thousands (years).

        `NOT_KNOWN` where it is absent.
        """
        value = self.value(root, path)
        if not isinstance(value, int | float) or not math.isfinite(value):
            return NOT_KNOWN
        written = unit_text(unit)
        if scale == (1.0, 1.0) and decimals is None:
            written, scale = in_wan(unit, value)
        texts = [shown(value * s, significant(value * s, digits) if decimals is None else decimals) for s in scale]
        if plain:
            texts = [t.replace(",", "") for t in texts]
        return _with_unit(Figure(f"{root}#{path}", value, Pair(*texts), scale), written)

    def exact(self, root: str, path: str, *, unit: str = "") -> Inline:
        """A number that somebody stated, with the digits that were stated (six decimals at most)."""
        value = self.value(root, path)
        if not isinstance(value, int | float) or not math.isfinite(value):
            return NOT_KNOWN
        return self.number(root, path, unit=unit, decimals=len(f"{value:.6f}".rstrip("0").partition(".")[2]))

    def percent(self, root: str, path: str, *, digits: int = 2) -> Inline:
        """A share as a percentage."""
        value = self.value(root, path)
        decimals = min(max(significant(value * 100, digits), 0), 2) if isinstance(value, int | float) else 0
        return _with_unit(self.number(root, path, decimals=decimals, scale=(100.0, 100.0)), Pair("%", "%"))

    def text(self, root: str, path: str) -> Inline:
        """A text field as it is; a text of a shipped table in both languages."""
        value = self.value(root, path)
        return NOT_KNOWN if value in (None, "") else Figure(f"{root}#{path}", str(value), shipped(str(value)))

    def day(self, root: str, path: str, *, clock: bool = False) -> Inline:
        """A date or the local day (and hour) of a moment."""
        value = self.value(root, path)
        if not value:
            return NOT_KNOWN
        text = str(value)
        if "T" in text:
            local = datetime.fromisoformat(text).astimezone(self.zone)
            text = local.strftime("%Y-%m-%d %H:%M" if clock else "%Y-%m-%d")
        return Figure(f"{root}#{path}", str(value), Pair(text, text))

    def estimate(self, root: str, path: str, *, plain: bool = False, largest: float = 0.0) -> Inline:
        """An Estimate with its interval, all four numbers traced; `plain` shows the value and its unit only.

        `largest` is the largest value of the table that it stands in, whose unit (m³ or 万m³) it takes.
        """
        found = self.value(root, path)
        if found is None:
            return NOT_KNOWN
        value, low, high = found["value"], found["low"], found["high"]
        if value is None:
            return NOT_KNOWN
        unit, scale = in_wan(found["unit"], max(abs(value), largest))
        head = found["unit"]
        if head.partition("/")[0] == "CNY" or head.startswith("CNY "):
            written, scale = money_unit("CNY", value)
            unit = Pair(unit.en, unit.zh.replace("元", written.zh, 1))
        known = low is not None and high is not None and high > low
        decimals = [decimals_of((high - low) / 2 * s) if known else significant(value * s) for s in scale]

        def part(name: str) -> Inline:
            texts = [shown(found[name] * s, d) for s, d in zip(scale, decimals, strict=True)]
            return Figure(f"{root}#{path}.{name}", found[name], Pair(*texts), scale)

        if plain or not known:
            return _with_unit(part("value"), unit)
        return Sentence(
            _ESTIMATE,
            {
                "value": part("value"), "low": part("low"), "high": part("high"),
                "level": self.number(root, f"{path}.level", decimals=0, scale=(100.0, 100.0)),
                "unit": _spaced(unit),
            },
        )  # fmt: skip

    def money(self, root: str, path: str, *, per: str = "") -> Inline:
        """A Money with its currency."""
        found = self.value(root, path)
        if found is None:
            return NOT_KNOWN
        return self._amount(root, f"{path}.amount", found["currency"], per)

    def amount(self, root: str, path: str, currency: str) -> Inline:
        """A bare number that is an amount of money."""
        return self._amount(root, path, currency, "")

    def _amount(self, root: str, path: str, currency: str, per: str) -> Inline:
        value = self.value(root, path)
        if not isinstance(value, int | float) or not math.isfinite(value):
            return NOT_KNOWN
        unit, scale = money_unit(currency, value)
        if per:
            below = PER.get(per) or unit_text(per)
            unit = Pair(f"{unit.en}/{below.en or per}", f"{unit.zh}/{below.zh or per}")
        small = abs(value) < 100
        texts = [shown(value * s, significant(value * s) if small or s != 1 else 0) for s in scale]
        return _with_unit(Figure(f"{root}#{path}", value, Pair(*texts), scale), unit)

    def derived(
        self, key: str, value: float, *, formula: str, of: Sequence[str], unit: str = "", decimals: int | None = None,
        digits: int = 3, money: str = "", per: str = "",
    ) -> Inline:  # fmt: skip
        """A figure computed by the report itself: its formula and inputs go into loop.json under `derived`.

        `money` is the currency of an amount, `per` what that is for (year).
        """
        root = f"derived:{key}"
        if root not in self._records:
            entry = {"id": root, "value": value, "unit": money or unit, "formula": formula, "of": list(of)}
            self.loop_json["derived"].append(entry)
            self._records[root] = {**entry, "noun": "derived"}
        if money:
            return self._amount(root, "value", money, per)
        return self.number(root, "value", unit=unit, decimals=decimals, digits=digits)

    def derived_estimate(self, key: str, estimate: Estimate, *, formula: str, of: Sequence[str]) -> Inline:
        """As `derived`, for a value with its interval."""
        root = f"derived:{key}"
        if root not in self._records:
            whole = {name: getattr(estimate, name) for name in ("value", "low", "high", "level", "unit")}
            entry = {"id": root, "value": estimate.value, "unit": estimate.unit, "formula": formula, "of": list(of)}
            entry["estimate"] = whole
            self.loop_json["derived"].append(entry)
            self._records[root] = {**entry, "noun": "derived"}
        return self.estimate(root, "estimate")


def _spaced(unit: Pair) -> Pair:
    return Pair(f"\u00a0{unit.en}" if unit.en else "", unit.zh if unit.zh in ("", "%") else f"\u00a0{unit.zh}")


def _with_unit(figure: Inline, unit: Pair) -> Inline:
    if figure is NOT_KNOWN or not unit.en:
        return figure
    template = Pair("{figure}\u00a0{unit}", "{figure}{unit}" if unit.zh == "%" else "{figure}\u00a0{unit}")
    return Sentence(template, {"figure": figure, "unit": unit})
