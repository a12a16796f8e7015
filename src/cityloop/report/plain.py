"""Sections of the report as sheet rows in one language: figures as numbers with their unit, an interval in three columns."""

from collections.abc import Iterator
from dataclasses import replace
from string import Formatter

from cityloop.i18n import LANGUAGES, Language, Pair
from cityloop.report.blocks import (
    Answers,
    Badge,
    Block,
    Bullets,
    Details,
    Drawing,
    Figure,
    Inline,
    Lines,
    Notice,
    Paragraph,
    Section,
    Sentence,
    Subtitle,
    Table,
)
from cityloop.report.sheets import Cell, Sheet

__all__ = ["cell_of", "cells_of", "figures_in", "number_format", "section_rows", "text_of"]

_ENDS = (Pair("{head}, from", "{head}（下限）"), Pair("{head}, to", "{head}（上限）"))
_INTERVAL = {"value", "low", "high", "level", "unit"}


def text_of(inline: Inline, language: Language) -> str:
    """What an inline says in one language."""
    if isinstance(inline, str):
        return inline
    if isinstance(inline, Figure):
        return inline.text.in_(language)
    if isinstance(inline, Badge):
        return inline.text.in_(language)
    if isinstance(inline, Lines):
        mark = "; " if language == "en" else "；"
        return mark.join(t for x in inline.lines if (t := text_of(x, language)))
    if isinstance(inline, Sentence):
        parts = []
        for literal, name, _, _ in Formatter().parse(inline.template.in_(language)):
            parts.append(literal + (text_of(inline.parts[name], language) if name is not None else ""))
        return "".join(parts)
    return inline.in_(language)


def figures_in(inline: Inline) -> Iterator[Figure]:
    """Every figure of an inline, in order."""
    if isinstance(inline, Figure):
        yield inline
    elif isinstance(inline, Lines):
        for line in inline.lines:
            yield from figures_in(line)
    elif isinstance(inline, Sentence):
        for part in inline.parts.values():
            yield from figures_in(part)


def number_format(text: str, unit: str = "") -> str:
    """The number format that shows as many decimals as a rounded text has, with its unit behind.

    >>> number_format("1,234.5", "L/s")
    '#,##0.0" L/s"'
    """
    decimals = len(text.partition(".")[2])
    plain = "," not in text and not decimals and len(text) == 4 and text.isdigit()  # a year
    shown = "0" if plain else "#,##0" + (f".{'0' * decimals}" if decimals else "")
    unit = unit.strip().replace("\u00a0", " ").replace('"', "")
    if unit.startswith("%"):
        return f'{shown}"{unit}"'
    return f'{shown}" {unit}"' if unit else shown


def cell_of(inline: Inline, language: Language) -> Cell:
    """One cell: a number where the inline is one figure with or without a unit, else its text; its figures' traces."""
    refs = tuple((f.ref, f.text.in_(language)) for f in figures_in(inline))
    found = _lone(inline, language)
    if found is None:
        return Cell(text_of(inline, language), refs=refs, style="wrap")
    figure, unit = found
    return Cell(_scaled(figure, language), format=number_format(figure.text.in_(language), unit), refs=refs)


def _scaled(figure: Figure, language: Language) -> float | int:
    assert isinstance(figure.value, int | float)
    scale = figure.scale[LANGUAGES.index(language)]
    return figure.value * scale if scale != 1.0 else figure.value


def _lone(inline: Inline, language: Language) -> tuple[Figure, str] | None:
    """The figure of an inline that is a number and its unit, and nothing else."""
    if isinstance(inline, Figure):
        return (inline, "") if isinstance(inline.value, int | float) else None
    if isinstance(inline, Sentence) and set(inline.parts) == {"figure", "unit"}:
        figure, unit = inline.parts["figure"], inline.parts["unit"]
        if isinstance(figure, Figure) and isinstance(figure.value, int | float):
            return figure, text_of(unit, language)
    return None


def cells_of(inline: Inline, language: Language) -> list[Cell] | None:
    """Value, low and high of an interval as three cells; None for anything else."""
    if not (isinstance(inline, Sentence) and set(inline.parts) == _INTERVAL):
        return None
    cells = []
    for key in ("value", "low", "high"):
        figure, unit = inline.parts[key], text_of(inline.parts["unit"], language)
        if not isinstance(figure, Figure) or not isinstance(figure.value, int | float):
            return None
        text = figure.text.in_(language)
        cells.append(Cell(_scaled(figure, language), format=number_format(text, unit), refs=((figure.ref, text),)))
    return cells


# --- blocks ------------------------------------------------------------------------------------------------------
def section_rows(sheet: Sheet, section: Section, language: Language) -> None:
    """Append a section to a sheet; drawings have no place there, their tables stand in the report."""
    sheet.add(Cell(section.title.in_(language), style="title"))
    _blocks(sheet, section.blocks, language)


def _blocks(sheet: Sheet, blocks: tuple[Block, ...], language: Language) -> None:
    for block in blocks:
        if isinstance(block, Table):
            _table(sheet, block, language)
        elif isinstance(block, Paragraph | Notice):
            sheet.add(_long(block.text, language))
        elif isinstance(block, Subtitle):
            sheet.add()
            sheet.add(Cell(text_of(block.text, language), style="total"))
        elif isinstance(block, Bullets):
            for item in block.items:
                sheet.add(_long(item, language))
        elif isinstance(block, Answers):
            for title, answer in block.rows:
                lines = answer.lines if isinstance(answer, Lines) else (answer,)
                for i, line in enumerate(lines):
                    sheet.add(
                        Cell(text_of(title, language) if i == 0 else None, style="total" if i == 0 else ""),
                        replace(_long(line, language), style="wrap"),
                    )
        elif isinstance(block, Details):
            sheet.add()
            sheet.add(Cell(text_of(block.summary, language), style="total"))
            _blocks(sheet, block.blocks, language)
        elif isinstance(block, Drawing):
            continue


def _long(inline: Inline, language: Language) -> Cell:
    """A sentence: always text, never wrapped into a narrow column."""
    refs = tuple((f.ref, f.text.in_(language)) for f in figures_in(inline))
    return Cell(text_of(inline, language), refs=refs)


def _table(sheet: Sheet, table: Table, language: Language) -> None:
    """A table; a column in which any cell is an interval becomes three."""
    if table.form:
        return
    rows = [[(cells_of(c, language), c) for c in row] for row in table.rows]
    wide = [any(row[i][0] for row in rows) for i in range(len(table.head))]
    if caption := text_of(table.caption, language):
        sheet.add()
        sheet.add(Cell(caption, style="total"))
    head: list[Cell] = []
    for title, three in zip(table.head, wide, strict=True):
        text = text_of(title, language)
        head += [Cell(t, style="head") for t in (text, *(e.in_(language, head=text) for e in _ENDS))][
            : 3 if three else 1
        ]
    sheet.add(*head)
    for row in rows:
        cells: list[Cell] = []
        for (three_cells, inline), three in zip(row, wide, strict=True):
            cells += three_cells or [cell_of(inline, language), *([Cell()] * 2 if three else [])]
        sheet.add(*cells)
    sheet.add()
