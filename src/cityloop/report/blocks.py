"""What a report is made of before it is a page: figures, sentences, tables, drawings, sections."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from cityloop.i18n import Language, Pair

__all__ = [
    "Answers", "Badge", "Block", "Bullets", "Details", "Drawing", "Figure", "Inline", "Key", "Lines", "Notice", "Paragraph",
    "Report", "Section", "Sentence", "Subtitle", "Table", "joined",
]  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """One value with its trace: `ref` leads to it in loop.json, `text` is its rounding times `scale` (en, zh)."""

    ref: str
    value: float | int | str
    text: Pair
    scale: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True)
class Badge:
    """A short mark: `kind` is simulated, status, good, bad, unclear."""

    text: Pair
    kind: str = "status"


@dataclass(frozen=True)
class Sentence:
    """A pair of templates; each `{name}` is filled by the part of that name."""

    template: Pair
    parts: Mapping[str, "Inline"] = field(default_factory=dict)


@dataclass(frozen=True)
class Lines:
    """Inlines one below another in one cell."""

    lines: tuple["Inline", ...]
    small: bool = False


Inline: TypeAlias = str | Pair | Figure | Badge | Sentence | Lines
"""A plain str is the same in both languages (a name, an id)."""


@dataclass(frozen=True)
class Paragraph:
    """One paragraph; `lead` is set larger."""

    text: Inline
    lead: bool = False


@dataclass(frozen=True)
class Notice:
    """A framed sentence: `kind` is simulated, warning or plain."""

    text: Inline
    kind: str = "plain"


@dataclass(frozen=True)
class Subtitle:
    """A heading inside a section."""

    text: Inline


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[Inline, ...]


@dataclass(frozen=True)
class Table:
    """Columns and rows of inlines; `numeric` columns are aligned right; `marked` rows are emphasised.

    A `form` has rows to be filled in by hand on paper.
    """

    head: tuple[Inline, ...]
    rows: tuple[tuple[Inline, ...], ...]
    caption: Inline = ""
    numeric: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()
    form: bool = False


@dataclass(frozen=True)
class Key:
    """One entry of a drawing's legend: CSS class of the swatch and its words."""

    swatch: str
    text: Inline


@dataclass(frozen=True)
class Drawing:
    """An SVG without words, its legend and caption in HTML, and its table twin."""

    name: str
    svg: str
    title: Pair
    caption: Inline
    keys: tuple[Key, ...]
    twin: Table | None = None


@dataclass(frozen=True)
class Answers:
    """Short questions, each with its answer."""

    rows: tuple[tuple[Inline, Inline], ...]


@dataclass(frozen=True)
class Details:
    """Blocks that open on demand; on paper they stand open where they are `printed`, else they are left out."""

    summary: Inline
    blocks: tuple["Block", ...]
    printed: bool = False


Block: TypeAlias = Answers | Paragraph | Notice | Subtitle | Bullets | Table | Drawing | Details


@dataclass(frozen=True)
class Section:
    """A numbered part of the report; `id` is its anchor, `readers` those whose own page holds it (readers.py)."""

    id: str
    title: Pair
    blocks: tuple[Block, ...]
    readers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The whole report, or one reader's page of it; `simulated` puts the badge into its head.

    `traced`: whether figures carry the way back to loop.json, which a page for the public must not. `language` is the one
    it opens in, where its address and the browser name none.
    """

    title: Pair
    city: Pair
    subtitle: Inline
    simulated: bool
    sections: tuple[Section, ...]
    reader: str = "all"
    traced: bool = True
    language: Language = "en"


def joined(parts: list[Inline] | tuple[Inline, ...], separator: Pair | None = None) -> Inline:
    """Inlines in one line, divided by a separator (default a comma)."""
    between = separator or Pair(", ", "、")
    names = [f"p{i}" for i in range(len(parts))]
    template = Pair(*(sep.join(f"{{{n}}}" for n in names) for sep in between))
    return Sentence(template, dict(zip(names, parts, strict=True)))
