"""Figures of citizens' requests: each has an entry in loop.json that says what it counts."""

from typing import Any

from cityloop.i18n import Pair
from cityloop.loop.request_texts import TEXTS
from cityloop.report.blocks import Inline, Sentence
from cityloop.report.facts import Facts
from cityloop.report.trace import NOT_KNOWN

__all__ = ["RequestFigures"]

_SHARE = Pair("{share} ({low} to {high}) of {of}{few}", "{share}（{low}～{high}，{of} 件{few}）")
_OF = Pair("{hits} of {of}", "{hits}/{of}")
_HOURS = Pair("{hours} ({low} to {high})", "{hours}（{low}～{high}）")
_FEW_HOURS = Pair("{hours}*", "{hours}*")
_TIMES = Pair("{ratio} times as many ({low} to {high})", "为其 {ratio} 倍（{low}～{high}）")
_TIMES_OPEN = Pair("at least {low} times as many", "至少为其 {low} 倍")


class RequestFigures:
    """Entries of loop.json that hold what this section counts, and figures cut from them."""

    def __init__(self, facts: Facts) -> None:
        self.trace = facts.trace
        self.rows: list[dict[str, Any]] = self.trace.loop_json.setdefault("requests", [])
        self.known = {row["id"] for row in self.rows}

    def add(self, key: str, of: str, **values: Any) -> str:
        """An entry with what it counts, once; returns its root."""
        root = f"requests:{key}"
        if root not in self.known:
            self.known.add(root)
            self.rows.append({"id": root, "noun": "requests", "of": of, **values})
        return root

    def one(self, key: str, of: str, n: int) -> Inline:
        """A count with an entry of its own."""
        return self.count(self.add(key, of, n=n), "n")

    def count(self, root: str, path: str) -> Inline:
        """A whole number."""
        return self.trace.number(root, path, decimals=0)

    def share(self, root: str, path: str, *, few: bool = False) -> Inline:
        """A share with interval and denominator."""
        if self.trace.value(root, f"{path}.value") is None:
            return "–"
        parts = {k: self.trace.percent(root, f"{path}.{k}") for k in ("low", "high")}
        share = self.trace.percent(root, f"{path}.value")
        return Sentence(
            _SHARE, {"share": share, **parts, "of": self.count(root, f"{path}.of"), "few": "*" if few else ""}
        )

    def of(self, root: str, path: str) -> Inline:
        """Hits of all."""
        return Sentence(_OF, {"hits": self.count(root, f"{path}.hits"), "of": self.count(root, f"{path}.of")})

    def hours(self, root: str, path: str) -> Inline:
        """A median with its interval."""
        if self.trace.value(root, path) is None:
            return "–"
        if self.trace.value(root, f"{path}.low") is None:
            return Sentence(_FEW_HOURS, {"hours": self.trace.number(root, f"{path}.hours", decimals=1)})
        return Sentence(
            _HOURS, {k: self.trace.number(root, f"{path}.{k}", decimals=1) for k in ("hours", "low", "high")}
        )

    def ratio(self, root: str, path: str, *, times: bool) -> Inline:
        """A ratio of rates with its limits; "at least" where the other rate has no event."""
        if self.trace.value(root, path) is None:
            return NOT_KNOWN
        number = {k: self.trace.number(root, f"{path}.{k}", digits=2) for k in ("low",)}
        if self.trace.value(root, f"{path}.value") is None:
            return Sentence(_TIMES_OPEN if times else TEXTS["around_low"], number)
        number |= {
            "high": self.trace.number(root, f"{path}.high", digits=2),
            "ratio": self.trace.number(root, f"{path}.value", digits=2),
        }
        template = _TIMES if times else Pair("{ratio} ({low} to {high})", "{ratio}（{low}～{high}）")
        return Sentence(template, number)
