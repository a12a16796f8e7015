"""Everything that is proposed for one file: how it is read, and what each of its columns or ids means."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cityloop.formats.mapping_columns import (
    guess_by_letter,
    guess_property,
    guess_rollover,
    guess_statistic,
    guess_unit,
    outside_of,
)
from cityloop.formats.mapping_long import LongTable, find_long
from cityloop.formats.mapping_positions import Ground, propose_positions
from cityloop.formats.mapping_proposal import THRESHOLD, FileProposal, Guess, Proposal, filled
from cityloop.formats.mapping_registers import propose_register
from cityloop.formats.mapping_sample import Sample, sample_table
from cityloop.formats.mapping_tags import Tag, read_tag, tokens
from cityloop.formats.mapping_things import KnownThing, ThingIndex
from cityloop.formats.mapping_times import Clock, read_clock, read_step
from cityloop.formats.mapping_values import MISSING, Values, decimal_of, describe_values, missing_texts
from cityloop.formats.mapping_words import PROPERTY_WORDS
from cityloop.formats.numbers import read_numbers
from cityloop.i18n import Pair

__all__ = ["Place", "propose"]

TEXTS = {
    "encoding": Pair("the sample reads in it without a fault", "抽样按此编码读取无误"),
    "delimiter": Pair("most lines have the same number of cells by it", "按此分隔，绝大多数行列数一致"),
    "decimal": Pair("{share} % of the broken numbers are written with it", "{share}% 的小数采用此符号"),
    "skip": Pair("the names of the columns stand in line {line}", "列名位于第 {line} 行"),
    "between": Pair(
        "{n} further header line(s) follow the names; a source refuses them as rows without a time",
        "列名之后还有 {n} 行表头，收录时这些行会因没有时间而被拒",
    ),
    "doubled": Pair(
        "names that stand twice, which a source refuses: {names}; rename them in the file",
        "重复的列名（数据来源不接受）：{names}；请在文件中改名",
    ),
    "unnamed": Pair("{n} column(s) without a name", "{n} 列没有列名"),
    "unnamed_here": Pair(
        "{n} column(s) have their name in another header line: a source reads one line of names; write one complete line into the file",
        "有 {n} 列的名称写在另一行表头中；数据来源只读一行列名，请在文件中补成一行完整的列名",
    ),
    "wide": Pair("a time and one column per series", "一列时间，其余每列为一个数据序列"),
    "long": Pair("a time, an id and a value in every row", "每行为一个时间、一个编号和一个数值"),
    "id": Pair("{n} ids, each in many rows", "{n} 个编号，各出现于多行"),
    "ids_in_part": Pair(
        "{n} ids stand in the sample; the rest of the file may hold more", "抽样中有 {n} 个编号；文件其余部分可能还有其他编号"
    ),
    "value": Pair("the column of the values", "数值所在的列"),
    "unit_column": Pair("every cell is a unit", "各单元格均为单位"),
    "stamp": Pair(
        "the file does not say which end of the interval a time names; without an entry it counts as its start",
        "文件未说明时间为时段起点还是终点；留空则按起点",
    ),
    "missing": Pair("stand among the numbers: {list}", "夹在数值之间：{list}"),
    "no_rows": Pair("the file has a header only: statistic and step cannot be told from it", "文件只有表头：无法由此判断统计方式与时间间隔"),
    "about": Pair("{low} to {high}, {n} values", "{low} 至 {high}，{n} 个值"),
    "blank": Pair("no values", "无值"),
    "sentinel": Pair("{mark} stands for “no value”", "{mark} 表示“无值”"),
    "alike": Pair("says the same of the same thing as {others}: accept one of them", "与 {others} 所述相同（同一对象、同一物理量）：只采纳其一"),
    "stuck": Pair("one value throughout", "数值始终不变"),
    "unread_time": Pair("no step: the time is not read", "时间未能识别，无法判断间隔"),
    "sheet": Pair("the largest sheet of the workbook", "工作簿中最大的工作表"),
    "others": Pair("{n} further text column(s) say which quantity a row is of; a source reads one id column: join them",
                   "另有 {n} 个文本列说明各行的物理量；数据来源只读一个编号列，请先合并"),
    "repeated": Pair(
        "many rows have the same time: another column divides them, and a source takes one value per time and column",
        "许多行的时间相同：另有列将其区分，而数据来源每列每个时间只取一个值",
    ),
    "name": Pair("from the name of the file", "取自文件名"),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """What is known of the city: its things, time zone, system of coordinates and where its models have things."""

    things: Sequence[KnownThing] = ()
    timezone: str = ""
    ground: Ground = field(default_factory=Ground)


@dataclass(frozen=True)
class _Series:
    """One series as sampled: its name, what other header rows say, its cells and times in order."""

    label: str
    context: tuple[str, ...]
    cells: pa.Array
    part: npt.NDArray[np.int64]
    us: npt.NDArray[np.int64] | None


def propose(path: Path, place: Place, *, sheet: str = "", section: str = "") -> FileProposal:
    """The proposal for one file, as `section` ("source" | "positions" | "register") or, if "", as what it looks like.

    Raises InputError for a file that is no table.
    """
    sample = sample_table(path, sheet=sheet)
    decimal, share = decimal_of(sample.columns, sample.delimiter)
    clock = read_clock(sample, place.timezone)
    notes = [*sample.notes, *_header_notes(sample)]
    settings = _form(sample, decimal, share)
    if not clock.columns and sample.rows and clock.serial and not section:
        notes.append(clock.settings["time.column"].why)
        return FileProposal(str(path), "", settings, (), tuple(notes), _facts(sample))
    if section in ("positions", "register") or (not clock.columns and sample.rows and section != "source"):
        found = propose_register(sample, decimal, place.things, settings)
        placed = propose_positions(sample, decimal, place.things, place.ground, settings)
        if section == "positions" or (section != "register" and placed.section):
            found = placed
        return replace(found, notes=(*notes, *found.notes), facts=_facts(sample))
    if not sample.rows:
        notes.append(TEXTS["no_rows"])
    settings |= clock.settings
    long = find_long(sample, clock.columns, decimal)
    if long is None:
        settings["layout"] = Guess("wide", 0.95, TEXTS["wide"])
        series = _wide(sample, clock)
        if clock.us is not None and len(np.unique(clock.us)) < 0.8 * len(clock.us):
            notes.append(TEXTS["repeated"])
    else:
        settings |= _long_settings(sample, long)
        if not sample.whole:
            notes.append(filled(TEXTS["ids_in_part"], n=len(long.rows)))
        if long.others:
            notes.append(filled(TEXTS["others"], n=len(long.others)))
        series = _by_id(sample, long, clock)
    settings["stamp"] = Guess("", 0.0, TEXTS["stamp"], ("start", "end"))
    missing = missing_texts([s.cells for s in series], decimal)
    columns = _columns(series, [t for t, _ in missing], decimal, place, _around(sample))
    settings |= _missing(missing, columns)
    return FileProposal(str(path), "source", settings, tuple(c for c, _ in columns), tuple(notes), _facts(sample))


def _form(sample: Sample, decimal: str, share: float) -> dict[str, Guess]:
    """Settings of how the file is read."""
    header = sample.header
    found = {"name": Guess(sample.path.stem, 0.9, TEXTS["name"])}
    if sample.form == "csv":
        others = () if sample.sure > 0.9 else tuple(e for e in ("gb18030", "big5", "cp1252") if e != sample.encoding)
        found["encoding"] = Guess(sample.encoding, sample.sure, TEXTS["encoding"], others)
        found["delimiter"] = Guess({"\t": "\\t"}.get(sample.delimiter, sample.delimiter), 0.98, TEXTS["delimiter"])
        found["decimal"] = Guess(
            decimal, round(0.5 + 0.48 * share, 2), filled(TEXTS["decimal"], share=f"{100 * share:.0f}")
        )
    if sample.form != "parquet":
        found["skip_lines"] = Guess(str(header.line), 0.95, filled(TEXTS["skip"], line=header.line + 1))
    if sample.sheet:
        found["sheet"] = Guess(sample.sheet, 0.8, TEXTS["sheet"])
    return found


def _header_notes(sample: Sample) -> list[Pair]:
    header, notes = sample.header, []
    if header.between:
        notes.append(filled(TEXTS["between"], n=header.between))
    if header.doubled:
        notes.append(filled(TEXTS["doubled"], names=", ".join(header.doubled[:10])))
    if blank := sum(not n for n in header.names):
        said = any(o for n, o in zip(header.names, header.others, strict=True) if not n)
        notes.append(filled(TEXTS["unnamed_here" if said else "unnamed"], n=blank))
    return notes


def _facts(sample: Sample) -> Mapping[str, object]:
    return {
        "form": sample.form, "columns": len(sample.header.names), "rows_sampled": sample.rows, "whole": sample.whole,
        "header_line": sample.header.line + 1,
    }  # fmt: skip


def _around(sample: Sample) -> tuple[str, ...]:
    """What the names of the file and the sheet speak of."""
    words = {*tokens(sample.path.stem), *tokens(sample.sheet)}
    return tuple(p for p, spelt in PROPERTY_WORDS.items() if any(w in words and len(w) > 1 for w in spelt))


def _wide(sample: Sample, clock: Clock) -> list[_Series]:
    doubled = set(sample.header.doubled)
    aside = {*clock.columns} | {
        i for i, n in enumerate(sample.header.names)
        if (g := clock.settings.get("time.utc_offset_column")) is not None and n == g.value
    }  # fmt: skip
    return [
        _Series(name, sample.header.others[i], sample.columns[i], sample.part, clock.us)
        for i, name in enumerate(sample.header.names)
        if i not in aside and name and name not in doubled
    ]


def _by_id(sample: Sample, long: LongTable, clock: Clock) -> list[_Series]:
    """One series per id, its rows in the order of the file."""
    found = []
    values = sample.columns[long.value]
    for id, rows in long.rows.items():
        us = None if clock.us is None else clock.us[rows]
        unit = (long.units[id],) if id in long.units else ()
        found.append(_Series(id, unit, values.take(pa.array(rows)), sample.part[rows], us))
    return found


def _long_settings(sample: Sample, long: LongTable) -> dict[str, Guess]:
    names = sample.header.names
    found = {
        "layout": Guess("long", long.sure, TEXTS["long"]),
        "id_column": Guess(names[long.id], long.sure, filled(TEXTS["id"], n=len(long.rows))),
        "value_column": Guess(names[long.value], long.sure, TEXTS["value"]),
    }
    if long.unit is not None:
        found["unit_column"] = Guess(names[long.unit], 0.95, TEXTS["unit_column"])
    return found


def _missing(texts: Sequence[tuple[str, int]], columns: Sequence[tuple[Proposal, Values]]) -> dict[str, Guess]:
    """What stands for "no value": known texts, what recurs among numbers, and numbers that do."""
    marks = Counter(v.sentinel for _, v in columns if v.sentinel)
    usual = [t for t, _ in texts if t in MISSING]
    odd = [t for t, n in texts if t not in MISSING and n >= 3]
    if not (usual or odd or marks):
        return {}
    shown = [*usual, *odd, *marks]
    why = filled(TEXTS["missing"], list=", ".join([*(f"{t} ({n})" for t, n in texts), *marks][:8]))
    sure = 0.95 if usual and not odd and not marks else 0.7
    return {"missing": Guess(" | ".join(shown), sure, why)}


def _columns(
    series: Sequence[_Series], missing: Sequence[str], decimal: str, place: Place, around: tuple[str, ...]
) -> list[tuple[Proposal, Values]]:  # fmt: skip
    tags = [read_tag(s.label, s.context) for s in series]
    common = Counter(t for tag in tags for t in set(tag.all_tokens))
    shared = frozenset(t for t, n in common.items() if len(tags) >= 5 and n > 0.9 * len(tags))
    index = ThingIndex(place.things, shared)
    steps: dict[int, Guess] = {}
    found = [_one(s, tag, missing, decimal, index, around, steps) for s, tag in zip(series, tags, strict=True)]
    return _told_alike(found)


def _told_alike(found: list[tuple[Proposal, Values]]) -> list[tuple[Proposal, Values]]:
    """Columns that say the same of the same thing, with a note: the loop reads one of them only."""

    def key(proposal: Proposal) -> tuple[str, str]:
        fields = proposal.fields
        return fields["thing"].shown, fields["property"].shown

    alike: dict[tuple[str, str], list[str]] = {}
    for proposal, _ in found:
        alike.setdefault(key(proposal), []).append(proposal.column)
    told = []
    for proposal, values in found:
        others = [c for c in alike[key(proposal)] if c != proposal.column] if all(key(proposal)) else []
        if others:
            note = filled(TEXTS["alike"], others=", ".join(others[:3]))
            proposal = replace(proposal, notes=(*proposal.notes, note))
        told.append((proposal, values))
    return told


def _one(
    series: _Series, tag: Tag, missing: Sequence[str], decimal: str, index: ThingIndex, around: tuple[str, ...],
    steps: dict[int, Guess],
) -> tuple[Proposal, Values]:  # fmt: skip
    read = read_numbers(series.cells, decimal, missing)
    full = int((~read.empty).sum())
    order = (
        np.argsort(series.us, kind="stable") if series.us is not None and len(series.us) == len(read.values) else None
    )
    inside = series.part if order is None else series.part[order]
    values = describe_values(read.values if order is None else read.values[order], inside, full)
    example = next((c for c in series.cells.slice(0, 200).to_pylist() if c), "") if values.numeric < 0.5 else ""
    about = _about(values)
    step = _step(series, read.empty, steps)
    left_out = outside_of(tag, values, example, int(step.value or 0))
    if left_out is not None:
        empty = {f: Guess("", 0.0, left_out) for f in ("thing", "property", "unit", "statistic", "step_s", "rollover")}
        return Proposal(series.label, empty, about, left_out), values
    near = index.match(tag, "")
    named = near.confidence >= THRESHOLD and not tag.odd_unit
    observed = guess_property(tag, values, around if named else (), index.strange(tag))
    if observed.confidence < THRESHOLD and named:
        letter = guess_by_letter(tag, near.value.partition(":")[0], values)
        observed = letter if letter.value else observed
    measured = observed.value if observed.confidence >= 0.3 else ""
    statistic = guess_statistic(tag, measured, values, int(step.value or 0)) if measured else Guess()
    unit = guess_unit(tag, measured, values, statistic.value) if measured else Guess()
    unit, statistic = _capped(unit, observed), _capped(statistic, observed)
    fields = {
        "thing": index.match(tag, measured),
        "property": observed,
        "unit": unit,
        "statistic": statistic,
        "step_s": step,
        "rollover": guess_rollover(statistic.shown, values),
    }
    notes = []
    if values.sentinel:
        notes.append(filled(TEXTS["sentinel"], mark=values.sentinel))
    if values.distinct == 1 and values.enough:
        notes.append(TEXTS["stuck"])
    return Proposal(series.label, fields, about, None, tuple(notes)), values


def _capped(guess: Guess, observed: Guess) -> Guess:
    """No surer than the property it rests on; hidden with it."""
    if observed.confidence < THRESHOLD:
        return Guess(
            "", min(guess.confidence, 0.4), guess.why, guess.candidates or ((guess.value,) if guess.value else ())
        )
    return guess if guess.confidence <= observed.confidence else replace(guess, confidence=observed.confidence)


def _step(series: _Series, empty: npt.NDArray[np.bool_], steps: dict[int, Guess]) -> Guess:
    """The step of the rows that hold a value; series without gaps share one answer."""
    if series.us is None or not len(series.us):
        return Guess("", 0.0, TEXTS["unread_time"])
    key = id(series.us) if not empty.any() else 0
    if key and key in steps:
        return steps[key]
    kept = ~empty
    found = read_step(series.us[kept], series.part[kept])
    if key:
        steps[key] = found
    return found


def _about(values: Values) -> Pair:
    if not values.count:
        return TEXTS["blank"]
    return filled(TEXTS["about"], low=f"{values.low:.6g}", high=f"{values.high:.6g}", n=f"{values.count:,}")
