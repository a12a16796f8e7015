"""The made-up district: three metered areas, their streets, junctions, pipes and the plant. Metres, CGCS2000."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from example_cn.sheets import write_csv

__all__ = ["AREAS", "ORIGIN", "SEED", "Area", "District", "Junction", "Pipe", "draw_district", "write_network"]

SEED = 30428
#: EPSG:4549, in the open water of a lake: no pipe lies there that anybody could take these for.
ORIGIN = (518_000.0, 3_452_000.0)
#: Breaks per 100 km and year that the record is drawn from, and roughness (Hazen-Williams), by material. Made up.
MATERIALS = {
    "灰口铸铁": (64.0, 88), "石棉水泥": (30.0, 100), "球墨铸铁": (6.0, 122), "PE": (3.0, 140), "PVC-U": (7.0, 138),
}  # fmt: skip
RECORD_YEARS = 5


@dataclass(frozen=True)
class Area:
    """One metered area: a grid of streets from (`west`, `south`) on, its demand (L/s) and what its pipes are of."""

    number: int
    id: str
    zh: str
    en: str
    short: str
    west: float
    south: float
    columns: int
    rows: int
    demand_l_per_s: float
    pattern: str
    laid: tuple[tuple[str, float, int, int], ...]
    """(material, share of the streets, first year, last year)."""


AREAS = (
    Area(
        1, "dma-1", "一区·示例老城（虚构）", "Area 1, old town (made up)", "老城", 0, 250, 6, 6, 20.0, "JM",
        (("灰口铸铁", 0.5, 1978, 1994), ("石棉水泥", 0.1, 1982, 1988), ("球墨铸铁", 0.4, 2006, 2018)),
    ),
    Area(
        2, "dma-2", "二区·示例新城（虚构）", "Area 2, new town (made up)", "新城", 1000, 1600, 7, 6, 23.0, "JM",
        (("球墨铸铁", 0.6, 2004, 2016), ("PE", 0.4, 2008, 2019)),
    ),
    Area(
        3, "dma-3", "三区·示例园区（虚构）", "Area 3, business park (made up)", "园区", 2150, 250, 6, 6, 17.0, "GY",
        (("球墨铸铁", 0.55, 2000, 2014), ("PVC-U", 0.25, 2003, 2011), ("灰口铸铁", 0.2, 1990, 1996)),
    ),
)  # fmt: skip
SPACING = 205.0
NUMERALS = "一二三四五六七八"


@dataclass(frozen=True)
class Junction:
    """`area` 0 = on the trunk main; `x` east, `y` north."""

    id: str
    area: int
    x: float
    y: float
    elevation_m: float
    demand_l_per_s: float = 0.0


@dataclass(frozen=True)
class Pipe:
    """`kind` is trunk, inlet (with the meter of its area), street or boundary (the closed valve)."""

    id: str
    area: int
    start: str
    end: str
    diameter_mm: int
    length_m: float
    material: str
    year: int
    street: str
    kind: str = "street"
    breaks: int = 0


@dataclass(frozen=True)
class District:
    """All of it."""

    junctions: tuple[Junction, ...]
    pipes: tuple[Pipe, ...]

    @cached_property
    def at(self) -> dict[str, Junction]:
        """Junction by id."""
        return {j.id: j for j in self.junctions}

    def pipes_of(self, area: Area) -> list[Pipe]:
        """The pipes inside an area, its inlets too."""
        return [p for p in self.pipes if p.area == area.number and p.kind != "boundary"]

    def inlets(self, area: Area) -> list[Pipe]:
        """The pipes with the inlet meters."""
        return [p for p in self.pipes_of(area) if p.kind == "inlet"]


def draw_district() -> District:
    """The district of SEED."""
    rng = np.random.default_rng([SEED, 1])
    junctions, pipes = _trunk()
    for area in AREAS:
        inner, streets = _area(area, rng)
        junctions += inner
        pipes += streets
    at = {j.id: j for j in junctions}
    joins = (
        ("JS1-1", 1, "JD0005", _name(AREAS[0], 1, 5), 300), ("JS2-1", 2, "JD0007", _name(AREAS[1], 0, 2), 300),
        ("JS2-2", 2, "JD0008", _name(AREAS[1], 0, 4), 200), ("JS3-1", 3, "JD0006", _name(AREAS[2], 1, 0), 300),
    )  # fmt: skip
    for name, number, start, end, diameter in joins:
        pipes.append(
            Pipe(
                name,
                number,
                start,
                end,
                diameter,
                _length(at[start], at[end]),
                "球墨铸铁",
                2012,
                "示例环路（虚构）",
                "inlet",
            )
        )
    valve = at[_name(AREAS[1], 0, 6)], at[_name(AREAS[2], 5, 0)]
    pipes.append(
        Pipe(
            "BJ2-3", 0, valve[0].id, valve[1].id, 150, _length(*valve), "球墨铸铁", 2012, "示例界河路（虚构）", "boundary"
        )
    )  # fmt: skip
    chance = np.random.default_rng([SEED, 2])
    expected = [MATERIALS[p.material][0] * p.length_m / 1e5 * RECORD_YEARS for p in pipes]
    counts = chance.poisson(expected)
    drawn = tuple(replace(p, breaks=int(n)) for p, n in zip(pipes, counts, strict=True))
    return District(tuple(junctions), drawn)


def _trunk() -> tuple[list[Junction], list[Pipe]]:
    places = ((1600, 40), (1600, 250), (1600, 760), (1600, 1300), (1290, 420), (1910, 420), (1410, 1470), (1820, 1470))
    nodes = [
        Junction(f"JD{i:04d}", 0, ORIGIN[0] + x, ORIGIN[1] + y, round(5.0 + 0.0006 * y, 2))
        for i, (x, y) in enumerate(places, 1)
    ]
    links = ((1, 2, 600), (2, 3, 400), (3, 4, 400), (2, 5, 300), (2, 6, 300), (4, 7, 300), (4, 8, 200))
    pipes = [
        Pipe(
            f"GX{i:04d}", 0, nodes[a - 1].id, nodes[b - 1].id, d, _length(nodes[a - 1], nodes[b - 1]), "球墨铸铁", 2012,
            "示例输水干线（虚构）", "trunk",
        )
        for i, (a, b, d) in enumerate(links, 1)
    ]  # fmt: skip
    return nodes, pipes


def _name(area: Area, row: int, column: int) -> str:
    return f"JD{area.number}{row + 1}{column + 1:02d}"


def _area(area: Area, rng: np.random.Generator) -> tuple[list[Junction], list[Pipe]]:
    """A grid of streets with some missing; every junction stays connected and most lie on a ring."""
    jitter = rng.uniform(-35, 35, (area.rows, area.columns, 2))
    weight = rng.gamma(2.0, 1.0, (area.rows, area.columns))
    weight *= area.demand_l_per_s / weight.sum()
    junctions = []
    for r in range(area.rows):
        for c in range(area.columns):
            x = area.west + c * SPACING + jitter[r, c, 0]
            y = area.south + r * SPACING + jitter[r, c, 1]
            junctions.append(
                Junction(
                    _name(area, r, c), area.number, round(ORIGIN[0] + x, 2), round(ORIGIN[1] + y, 2),
                    round(_ground(x, y) + float(rng.normal(0, 0.3)), 2), round(float(weight[r, c]), 3),
                )
            )  # fmt: skip
    at = {j.id: j for j in junctions}
    streets = {
        **{("横", r): _laid(area, rng) for r in range(area.rows)},
        **{("纵", c): _laid(area, rng) for c in range(area.columns)},
    }
    spine = {("横", 1): 200, ("横", area.rows - 2): 150, ("纵", 2): 150, ("纵", area.columns - 2): 150}
    if area.number == 3:
        spine |= {("纵", 4): 100, ("横", 4): 100}
    else:
        spine |= {("纵", 2): 200, ("横", area.rows - 2): 200}
    side_150 = 0.45 if area.number == 1 else 0.15
    kept = []
    for number, ((way, at_street), start, end) in enumerate(_edges(area, rng), 1):
        material, year = streets[way, at_street]
        diameter = spine.get((way, at_street), 150 if rng.random() < side_150 else 100)
        street = f"示例{area.short}{way}{NUMERALS[at_street]}路（虚构）"
        name = f"GX{area.number}{number:03d}"
        kept.append(Pipe(name, area.number, start, end, diameter, _length(at[start], at[end]), material, year, street))
    return junctions, kept


def _edges(area: Area, rng: np.random.Generator) -> list[tuple[tuple[str, int], str, str]]:
    """(street, start, end); about one in five side streets has no main, never one that would cut off a junction."""
    edges = [
        (("横", r), _name(area, r, c), _name(area, r, c + 1)) for r in range(area.rows) for c in range(area.columns - 1)
    ] + [
        (("纵", c), _name(area, r, c), _name(area, r + 1, c)) for c in range(area.columns) for r in range(area.rows - 1)
    ]  # fmt: skip
    main = {("横", 1), ("横", area.rows - 2), ("纵", 2), ("纵", area.columns - 2)}
    ends = {n: sum(n in e[1:] for e in edges) for e in edges for n in e[1:]}
    gone = set()
    for i in rng.permutation(len(edges)):
        street, a, b = edges[i]
        if len(gone) >= len(edges) // 5:
            break
        if street in main or min(ends[a], ends[b]) <= 2:
            continue
        if _connected([e for k, e in enumerate(edges) if k not in gone | {i}]):
            gone.add(int(i))
            ends[a] -= 1
            ends[b] -= 1
    return [e for k, e in enumerate(edges) if k not in gone]


def _connected(edges: Sequence[tuple[tuple[str, int], str, str]]) -> bool:
    nodes = {n for e in edges for n in e[1:]}
    seen, ahead = set(), [edges[0][1]]
    while ahead:
        node = ahead.pop()
        if node not in seen:
            seen.add(node)
            ahead += [b if a == node else a for _, a, b in edges if node in (a, b)]
    return seen == nodes


def _laid(area: Area, rng: np.random.Generator) -> tuple[str, int]:
    """Material and year of a street's main."""
    shares = np.array([row[1] for row in area.laid])
    material, _, first, last = area.laid[int(rng.choice(len(shares), p=shares / shares.sum()))]
    return material, int(rng.integers(first, last + 1))


def _ground(x: float, y: float) -> float:
    """Elevation, m: a plain with a low hill in the west."""
    return 5.0 + 12.0 * float(np.exp(-(((x + 100) / 700) ** 2) - ((y - 1000) / 700) ** 2)) + 0.0008 * y


def _length(a: Junction, b: Junction) -> float:
    return round(1.04 * float(np.hypot(a.x - b.x, a.y - b.y)), 1)


# --- files -------------------------------------------------------------------------------------------------------
#: Share of the mean use by hour: dwellings, and a business park that works by day. Made up in the usual form.
PATTERNS = {
    "JM": (0.45, 0.38, 0.35, 0.34, 0.38, 0.62, 1.10, 1.48, 1.40, 1.18, 1.10, 1.15, 1.18, 1.02, 0.95, 0.96, 1.04, 1.25,
           1.52, 1.62, 1.50, 1.28, 0.98, 0.77),
    "GY": (0.58, 0.54, 0.52, 0.52, 0.54, 0.62, 0.82, 1.12, 1.38, 1.45, 1.46, 1.40, 1.18, 1.34, 1.44, 1.42, 1.36, 1.22,
           1.06, 0.98, 0.90, 0.80, 0.70, 0.65),
}  # fmt: skip
PUMP_CURVE = ((0.0, 42.0), (65.0, 37.0), (130.0, 25.0))


def write_network(district: District, folder: Path) -> None:
    """管网模型.inp and the registers 管线台账.csv and 节点台账.csv."""
    (folder / "管网模型.inp").write_bytes(_inp(district).encode("utf-8"))
    names = {0: "", **{a.number: a.id for a in AREAS}}
    write_csv(
        folder / "管线台账.csv",
        ("管线编号", "所属分区", "起点编号", "终点编号", "管径(mm)", "管长(m)", "管材", "敷设年份", "所在道路",
         "近五年爆管次数", "统计年数"),
        [(p.id, names[p.area], p.start, p.end, p.diameter_mm, f"{p.length_m:.1f}", p.material, p.year, p.street, p.breaks,
          RECORD_YEARS) for p in district.pipes],
    )  # fmt: skip
    write_csv(
        folder / "节点台账.csv", ("节点编号", "所属分区", "地面高程(m)", "X坐标(北)", "Y坐标(东)"),
        [(j.id, names[j.area], f"{j.elevation_m:.2f}", f"{j.y:.2f}", f"{j.x:.2f}") for j in district.junctions if j.area],
    )  # fmt: skip


def _inp(district: District) -> str:
    patterns = {a.number: a.pattern for a in AREAS}
    lines = [
        "[TITLE]", "示例片区供水管网（虚构数据，非真实管网） Example district, made up, no real network", "",
        "[JUNCTIONS]", ";节点 高程m 基本用水量L/s 用水模式",
        *(f"{j.id} {j.elevation_m:.2f} {j.demand_l_per_s:.3f} {patterns.get(j.area, 'JM')}" for j in district.junctions), "",
        "[RESERVOIRS]", ";净水来水（总水头 m）", "JSLS 8.0", "",
        "[TANKS]", ";清水池 池底m 初始水位m 最低 最高 直径m", "QSC 3.0 4.9 1.0 5.0 30.0 0", "",
        "[PIPES]", ";管线 起点 终点 长度m 管径mm 粗糙系数C 局部损失 状态",
        "GX9001 JSLS QSC 20 600 130 0 Open",
        *(
            f"{p.id} {p.start} {p.end} {p.length_m:.1f} {p.diameter_mm} {MATERIALS[p.material][1]} 0 "
            + ("Closed" if p.kind == "boundary" else "Open")
            for p in district.pipes
        ), "",
        "[PUMPS]", ";送水泵", "SSB-1 QSC JD0001 HEAD BX1", "",
        "[CURVES]", *(f"BX1 {q:g} {h:g}" for q, h in PUMP_CURVE), "",
        "[PATTERNS]",
        *(f"{name} " + " ".join(f"{v:.2f}" for v in values[k : k + 6]) for name, values in PATTERNS.items()
          for k in range(0, 24, 6)), "",
        "[ENERGY]", "Global Efficiency 74", "",
        "[TIMES]", "Duration 24:00", "Hydraulic Timestep 1:00", "Pattern Timestep 1:00", "Report Timestep 1:00",
        "Start ClockTime 12 am", "",
        "[OPTIONS]", "Units LPS", "Headloss H-W", "Emitter Exponent 0.5", "Accuracy 0.0001", "Trials 100", "",
        "[COORDINATES]", *(f"{j.id} {j.x:.2f} {j.y:.2f}" for j in district.junctions),
        f"JSLS {ORIGIN[0] + 1570:.2f} {ORIGIN[1] - 60:.2f}", f"QSC {ORIGIN[0] + 1590:.2f} {ORIGIN[1] - 40:.2f}", "",
        "[END]", "",
    ]  # fmt: skip
    return "\n".join(lines)
