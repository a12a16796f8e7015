"""What is proposed for a file: guesses with their confidence and reason; a guess that is not sure enough shows no value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cityloop.i18n import Pair

__all__ = ["FIELDS", "SURE", "THRESHOLD", "FileProposal", "Guess", "Proposal", "filled", "listed"]

THRESHOLD = 0.5
"""Below it a cell stays empty and the candidates stand beside it."""
SURE = 0.8
FIELDS = ("thing", "property", "unit", "statistic", "step_s", "rollover")


def filled(pair: Pair, **values: object) -> Pair:
    """Both languages with the same values; a value that is a Pair gives each language its own."""
    en, zh = ({k: getattr(v, lang) if isinstance(v, Pair) else v for k, v in values.items()} for lang in ("en", "zh"))
    return Pair(pair.en.format(**en), pair.zh.format(**zh))


def listed(parts: "list[Pair]") -> Pair:
    """Reasons one behind the other."""
    return Pair("; ".join(p.en for p in parts), "；".join(p.zh for p in parts))


@dataclass(frozen=True)
class Guess:
    """One value as city.toml would say it, "" where none is known; `confidence` 0 to 1; `others` = what else it may be."""

    value: str = ""
    confidence: float = 0.0
    why: Pair = Pair("", "")
    others: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The value, "" where it is not sure enough."""
        return self.value if self.confidence >= THRESHOLD else ""

    @property
    def candidates(self) -> tuple[str, ...]:
        """What is not shown but may be meant, the likeliest first."""
        first = () if self.shown or not self.value else (self.value,)
        return tuple(dict.fromkeys((*first, *self.others)))


@dataclass(frozen=True)
class Proposal:
    """One column (or one id of a long table) with a Guess per field of FIELDS. `about` says what the values look like;
    `left_out` why it is no observation of the product, where that is known.
    """

    column: str
    fields: Mapping[str, Guess]
    about: Pair = Pair("", "")
    left_out: Pair | None = None
    notes: tuple[Pair, ...] = ()

    @property
    def confidence(self) -> float:
        """Of the least sure value that is shown; 0 where nothing is."""
        return min((g.confidence for g in self.fields.values() if g.shown), default=0.0)

    @property
    def known(self) -> bool:
        """Whether it is told what the column measures."""
        return self.left_out is None and bool(self.fields["property"].shown)


@dataclass(frozen=True)
class FileProposal:
    """A file: `section` = "source" | "positions" | "register" | "" (none), its settings by key of city.toml, its columns, and remarks."""

    path: str
    section: str
    settings: Mapping[str, Guess]
    columns: tuple[Proposal, ...]
    notes: tuple[Pair, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
