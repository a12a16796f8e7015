"""Asset tables: which column is the id, which property of a [[register]] each other column says, and which names the area."""

from collections.abc import Mapping, Sequence

import numpy as np

from cityloop.formats.mapping_positions import canonical_cells, id_columns
from cityloop.formats.mapping_proposal import FileProposal, Guess, Proposal, filled
from cityloop.formats.mapping_sample import Sample
from cityloop.formats.mapping_tags import canonical
from cityloop.formats.mapping_things import KnownThing
from cityloop.formats.numbers import read_numbers
from cityloop.i18n import Pair

__all__ = ["NUMBERS", "TEXT_PROPERTIES", "propose_register"]

NUMBERS: Mapping[str, tuple[str, ...]] = {
    "year": ("敷设年份", "建成年份", "建设年份", "安装年份", "竣工年份", "敷设年代", "建成年代", "年份", "year", "year laid", "laid in", "installed", "install year",
             "year installed", "year built"),
    "breaks": ("爆管次数", "爆漏次数", "漏水次数", "维修次数", "breaks", "bursts", "failures", "number of breaks"),
    "breaks_years": ("统计年数", "统计年限", "years observed", "years of breaks", "observation years"),
    "storeys": ("层数", "楼层数", "storeys", "stories", "floors"),
    "households": ("户数", "住户数", "households", "dwellings", "units"),
}  # fmt: skip
"""Property of a register -> names of its column, a number in every cell."""
TEXT_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "material": ("管材", "材质", "管道材质", "material", "pipe material", "mat"),
    "street": ("所在道路", "道路", "路名", "道路名称", "所在路段", "street", "road"),
    "use": ("用途", "建筑用途", "用地性质", "use", "land use"),
}
_RANGES = {
    "year": (1850, 2100),
    "breaks": (0, 200),
    "breaks_years": (1, 60),
    "storeys": (1, 150),
    "households": (0, 5000),
}
TEXTS = {
    "word": Pair("by its name, and its cells fit", "依列名，且内容相符"),
    "inside": Pair("its name holds the word {word}, and something more", "列名含“{word}”，但还另有所指"),
    "misfit": Pair("its name says {property}, its cells do not", "列名为 {property}，但内容不符"),
    "area": Pair("{share} % of its cells are areas of the city", "{share}% 的单元格为本市分区"),
    "twice": Pair("another column says the same more plainly", "另有一列更明确地说明同一属性"),
    "none": Pair("no property that a register is known to say", "不是台账的已知属性"),
    "nothing": Pair("no time, no coordinates and no id with known properties: nothing to propose", "没有时间、坐标，也没有编号与已知属性，无可建议"),
}  # fmt: skip


def propose_register(
    sample: Sample, decimal: str, things: Sequence[KnownThing], form: Mapping[str, Guess]
) -> FileProposal:
    """The proposal for an asset table as a [[register]]; one without id or known property proposes nothing."""
    id_guess, thing, id_column = id_columns(sample, things, set())
    found: dict[str, list[tuple[Guess, int]]] = {}
    left: dict[int, Pair] = {}
    area = _area(sample, things, id_column)
    for i, name in enumerate(sample.header.names):
        if i == id_column or not name or (area is not None and i == area[1]):
            continue
        guess = _property(sample, i, decimal)
        if guess is None:
            left[i] = TEXTS["none"]
        else:
            found.setdefault(guess.value, []).append((Guess(name, guess.confidence, guess.why), i))
    settings = {k: v for k, v in form.items() if k != "name"} | {"id_column": id_guess, "thing": thing}
    if area is not None:
        settings["part_of"] = area[0]
    for key, guesses in found.items():
        best = max(guesses, key=lambda g: g[0].confidence)
        settings[key] = best[0]
        left |= {i: TEXTS["twice"] for _, i in guesses if i != best[1]}
    columns = tuple(Proposal(sample.header.names[i], {}, left_out=why) for i, why in sorted(left.items()))
    if id_column is None or not (found or area):
        return FileProposal(str(sample.path), "", settings, (), (TEXTS["nothing"],))
    return FileProposal(str(sample.path), "register", settings, columns)


def _property(sample: Sample, column: int, decimal: str) -> Guess | None:
    """ "numbers.year" and its kin, with the confidence that the column says it; None for no known word."""
    name = canonical(sample.header.names[column]).casefold()
    plain = name.partition("(")[0].strip().replace("_", " ")
    for part, table in (("numbers", NUMBERS), ("texts", TEXT_PROPERTIES)):
        for key, words in table.items():
            word = max((w for w in words if w in plain), key=len, default="")
            if not word or (word.isascii() and word not in plain.split() and word != plain):
                continue
            fits = _fits(sample, column, decimal, key) if part == "numbers" else True
            if not fits:
                return Guess(f"{part}.{key}", 0.3, filled(TEXTS["misfit"], property=key))
            if plain == word:
                return Guess(f"{part}.{key}", 0.95, TEXTS["word"])
            return Guess(f"{part}.{key}", 0.6, filled(TEXTS["inside"], word=word))
    return None


def _fits(sample: Sample, column: int, decimal: str, key: str) -> bool:
    """Whether the cells are numbers of the size that the property has."""
    read = read_numbers(sample.columns[column], decimal, ())
    values = read.values[np.isfinite(read.values)]
    low, high = _RANGES[key]
    return bool(len(values)) and not read.refused.any() and bool(((values >= low) & (values <= high)).mean() > 0.98)


def _area(sample: Sample, things: Sequence[KnownThing], id_column: int | None) -> tuple[Guess, int] | None:
    """The column whose cells are ids or names of the city's areas."""
    areas = {n for t in things if t.kind == "boundary" for n in (t.name, *t.names)}
    for i, name in enumerate(sample.header.names):
        cells = [c for c in canonical_cells(sample, i) if c]
        share = sum(c in areas for c in cells) / max(len(cells), 1)
        if i != id_column and name and share > 0.95:
            why = filled(TEXTS["area"], share=f"{100 * share:.0f}")
            return Guess(name, 0.96 if share == 1 else 0.6, why), i
    return None
