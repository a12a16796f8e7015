"""Tables of where things stand: the column of their ids, the two of their coordinates, and the system these may be in.

A system is proposed only where something tells it: a column that names it, or the places of the same things in the city's
models. Numbers alone leave several open (GCJ-02, WGS 84 and CGCS2000 in degrees look alike; so do Xian 1980 and CGCS2000 in
metres), and these are the candidates.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cityloop.errors import CityloopError
from cityloop.formats.datums import EARTH_M, in_area, read_stated
from cityloop.formats.mapping_proposal import FileProposal, Guess, Proposal, filled
from cityloop.formats.mapping_sample import Sample
from cityloop.formats.mapping_tags import canonical, tokens
from cityloop.formats.mapping_things import KnownThing
from cityloop.formats.mapping_words import THING_WORDS
from cityloop.formats.numbers import read_numbers
from cityloop.formats.shifted import CHINA_BOX
from cityloop.i18n import Pair

__all__ = ["Ground", "canonical_cells", "id_columns", "propose_positions"]

Floats = npt.NDArray[np.float64]
TEXTS = {
    "x_name": Pair("named as easting or longitude, and its values fit", "名称为东坐标或经度，数值亦相符"),
    "y_name": Pair("named as northing or latitude, and its values fit", "名称为北坐标或纬度，数值亦相符"),
    "magnitude": Pair("by the magnitude: {low} to {high}", "依数值大小：{low} 至 {high}"),
    "x_north": Pair(
        "X stands for north here, as Chinese surveys write it ({low} to {high}); x of city.toml is the east",
        "此表 X 为北、Y 为东（国内测绘惯例，数值 {low} 至 {high}）；city.toml 的 x 写东坐标",
    ),
    "stated": Pair("a column of the table names it", "表中有一列注明"),
    "network": Pair("read so, half of {n} things lie within {d} m of their places in the model; the next best leaves {next} m",
                    "按此解读，{n} 个对象中半数与模型位置相差 {d} m 以内；次优者为 {next} m"),
    "network_alike": Pair(
        "several readings fit the model equally well ({d} m)", "有多种解读与模型同样相符（{d} m）"
    ),
    "degrees": Pair("degrees: the numbers do not tell in which datum", "为经纬度，仅凭数值无法判断基准"),
    "metres": Pair("metres of a projection: the numbers do not tell the datum", "为投影坐标，仅凭数值无法判断基准"),
    "zone": Pair("the easting begins with zone {zone}; CGCS2000, Xian 1980 and Beijing 1954 number it alike",
                 "东坐标带有带号 {zone}；2000、西安 80、北京 54 的带号相同"),
    "id_things": Pair("{share} % of its cells are names of a {kind} of the city", "{share}% 的单元格为本市 {kind} 的名称"),
    "id_name": Pair("every cell once, and named as an id", "各值不重复，且列名为编号"),
    "id_once": Pair("every cell once", "各值不重复"),
    "kind_word": Pair("by the word in its name", "依列名用词"),
    "no_id": Pair("no column holds a name of its own for every row", "没有一列能逐行唯一标识"),
    "no_xy": Pair(
        "neither a time nor a pair of coordinates: no table of readings and none of positions",
        "既没有时间列，也没有成对坐标：既非观测数据，也非位置表",
    ),
    "other": Pair("not read as a position; a register may take it: --section register", "不作位置读取；可作台账属性：--section register"),
    "crs_no": Pair("no reading of the system is clear; doctor compares with the model once one is stated",
                   "坐标系无法确定；注明后可用 cityloop doctor 与模型对照"),
}  # fmt: skip
_EAST = frozenset(
    ["经度", "东经", "东", "东坐标", "lon", "lng", "long", "longitude", "easting", "east", "e", "x", "横坐标"]
)
_NORTH = frozenset(["纬度", "北纬", "北", "北坐标", "lat", "latitude", "northing", "north", "n", "y", "纵坐标"])
_ID = frozenset(["编号", "编码", "id", "code", "name", "名称", "no", "号", "tag", "点号"])
_SYSTEMS = {
    "gcj02": "GCJ-02", "gcj": "GCJ-02", "火星": "GCJ-02", "高德": "GCJ-02", "bd09": "BD-09", "bd": "BD-09", "百度": "BD-09",
    "wgs84": "EPSG:4326", "wgs": "EPSG:4326", "gps": "EPSG:4326", "cgcs2000": "EPSG:4490",
}  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """Where the city's models have things: (kind, name) -> (x, y) in `crs`, which settings.describe_crs knows; "" = nothing."""

    crs: str = ""
    points: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)


def propose_positions(
    sample: Sample, decimal: str, things: Sequence[KnownThing], ground: Ground, form: Mapping[str, Guess]
) -> FileProposal:
    """The proposal for a table without a time."""
    numbers = {i: read_numbers(c, decimal, ()) for i, c in enumerate(sample.columns)}
    good = {i: n.values for i, n in numbers.items() if n.refused.mean() < 0.2 and np.isfinite(n.values).mean() > 0.5}
    names, path = sample.header.names, str(sample.path)
    pair = _axes(names, good)
    settings = {k: v for k, v in form.items() if k != "name"}
    if pair is None:
        return FileProposal(path, "", settings, (), (TEXTS["no_xy"],))
    (x, x_guess), (y, y_guess) = pair
    id_guess, kind_guess, id_column = id_columns(sample, things, {x, y})
    settings |= {"id_column": id_guess, "thing": kind_guess, "x": x_guess, "y": y_guess}
    keep = np.isfinite(good[x]) & np.isfinite(good[y])
    kind = kind_guess.value.partition(":")[0]
    labels = canonical_cells(sample, id_column)
    refs = [(kind, label) for label, k in zip(labels, keep, strict=True) if k]
    settings["crs"] = _system(sample, good[x][keep], good[y][keep], refs, ground)
    used = {x, y, id_column}
    columns = [Proposal(n, {}, left_out=TEXTS["other"]) for i, n in enumerate(names) if i not in used and n]
    notes = () if settings["crs"].shown else (TEXTS["crs_no"],)
    return FileProposal(path, "positions", settings, tuple(columns), notes)


def canonical_cells(sample: Sample, column: int | None) -> list[str]:
    """The cells of a column as text; empty ones where there is no column."""
    if column is None:
        return [""] * sample.rows
    return [c.strip() for c in sample.columns[column].to_pylist()]


# --- axes ----------------------------------------------------------------------------------------------------------
def _axes(names: Sequence[str], good: Mapping[int, Floats]) -> tuple[tuple[int, Guess], tuple[int, Guess]] | None:
    """The columns of east and north with their guesses, by magnitude first and by name second."""
    spans = {i: tuple(float(q) for q in np.nanquantile(v, (0.05, 0.95))) for i, v in good.items()}
    named = {i: set(tokens(names[i])) | {canonical(names[i]).casefold()} for i in good}
    called = [
        i for i in good if named[i] & (_EAST | _NORTH) or "坐标" in names[i] or "经度" in names[i] or "纬度" in names[i]
    ]
    degrees = _degree_pair(called, spans, named)
    metres = _metre_pair(called, spans, named)
    chosen = degrees or metres
    if chosen is None:
        return None
    east, north, sure = chosen
    guesses = []
    for i, words, key in ((east, _EAST, "x_name"), (north, _NORTH, "y_name")):
        low, high = (f"{v:,.5g}" if abs(v) < 1000 else f"{v:,.0f}" for v in spans[i])
        turned = key == "y_name" and "x" in named[i] and "y" in named[east]
        agrees = bool(named[i] & words) and not turned
        if turned or (key == "x_name" and "y" in named[i] and "x" in named[north]):
            why = filled(TEXTS["x_north"], low=low, high=high)
        else:
            why = TEXTS[key] if agrees else filled(TEXTS["magnitude"], low=low, high=high)
        guesses.append((i, Guess(names[i], sure, why)))
    return guesses[0], guesses[1]


def _degree_pair(
    called: Sequence[int], spans: Mapping[int, tuple[float, ...]], named: Mapping[int, set[str]]
) -> tuple[int, int, float] | None:
    """Longitude and latitude: told by name, or in China's box by magnitude."""
    small = [i for i in called if all(abs(v) <= 180 for v in spans[i]) and any(abs(v) > 0 for v in spans[i])]
    lon = [i for i in small if named[i] & {"经度", "东经", "lon", "lng", "long", "longitude"}]
    lat = [i for i in small if named[i] & {"纬度", "北纬", "lat", "latitude"}]
    if len(lon) == 1 and len(lat) == 1:
        if all(abs(v) <= 90 for v in spans[lat[0]]):
            return lon[0], lat[0], 0.97
        if all(abs(v) <= 90 for v in spans[lon[0]]):
            return lat[0], lon[0], 0.85
    west, south, east, north = CHINA_BOX
    boxed = [
        (i, j) for i in small for j in small
        if i != j and all(west <= v <= east for v in spans[i]) and all(south <= v <= north for v in spans[j])
    ]  # fmt: skip
    return (*boxed[0], 0.9) if len(boxed) == 1 else None


def _metre_pair(
    called: Sequence[int], spans: Mapping[int, tuple[float, ...]], named: Mapping[int, set[str]]
) -> tuple[int, int, float] | None:
    """Easting and northing: where one word says which is which, that; in China's range the magnitude decides."""
    large = [i for i in called if all(abs(v) > 180 for v in spans[i])]
    if len(large) != 2:
        return None
    sides = {
        i: (
            bool(named[i] & {"东", "东坐标", "east", "easting", "e"}),
            bool(named[i] & {"北", "北坐标", "north", "northing", "n"}),
        )
        for i in large
    }
    for i, j in (tuple(large), tuple(reversed(large))):
        if sides[i] == (True, False) and sides[j] == (False, True):
            return i, j, 0.97
    for i, j in (tuple(large), tuple(reversed(large))):
        easting = all(150_000 <= v % 1_000_000 <= 850_000 and v < 46_000_000 for v in spans[i])
        northing = all(1_900_000 <= v <= 6_000_000 for v in spans[j])
        if easting and northing and not all(1_900_000 <= v <= 6_000_000 for v in spans[i]):
            return i, j, 0.95
    x = next((i for i in large if "x" in named[i]), None)
    y = next((i for i in large if "y" in named[i]), None)
    return (x, y, 0.6) if x is not None and y is not None and x != y else None


# --- ids -----------------------------------------------------------------------------------------------------------
def id_columns(sample: Sample, things: Sequence[KnownThing], used: set[int]) -> tuple[Guess, Guess, int | None]:
    """The id column, the kind of its things, and its number."""
    kinds: dict[str, set[str]] = {}
    for thing in things:
        kinds.setdefault(thing.name, set()).add(thing.kind)
    best: tuple[float, int, str] | None = None
    unique = []
    for i, name in enumerate(sample.header.names):
        cells = [c for c in canonical_cells(sample, i) if c]
        if i in used or not name or len(set(cells)) < max(2, 0.98 * len(cells)) or len(cells) < 0.9 * sample.rows:
            continue
        unique.append(i)
        counted = Counter(k for c in cells for k in kinds.get(c, ()))
        kind, n = max(counted.items(), key=lambda p: p[1], default=("", 0))
        if n >= 0.3 * len(cells) and (best is None or n / len(cells) > best[0]):
            best = n / len(cells), i, kind
    if best is not None:
        share, i, kind = best
        why = filled(TEXTS["id_things"], share=f"{100 * share:.0f}", kind=kind)
        sure = round(0.6 + 0.38 * share, 2)
        return Guess(sample.header.names[i], sure, why), Guess(f"{kind}:{{id}}", sure, why), i
    called = [
        i
        for i in unique
        if set(tokens(sample.header.names[i])) & _ID or any(w in sample.header.names[i] for w in ("编号", "编码"))
    ]
    if not unique:
        return Guess("", 0.0, TEXTS["no_id"]), Guess("", 0.0, TEXTS["no_id"]), None
    i = (called or unique)[0]
    name = sample.header.names[i]
    words = set(tokens(name))
    said = [k for k, spelt in THING_WORDS.items() if words & set(spelt)]
    sure = 0.85 if called else 0.55
    kind_guess = (
        Guess(f"{said[0]}:{{id}}", 0.7, TEXTS["kind_word"])
        if len(said) == 1
        else Guess("", 0.2, TEXTS["kind_word"], ("meter:{id}", "junction:{id}"))
    )
    return Guess(name, sure, TEXTS["id_name" if called else "id_once"]), kind_guess, i


# --- system --------------------------------------------------------------------------------------------------------
def _system(sample: Sample, x: Floats, y: Floats, refs: Sequence[tuple[str, str]], ground: Ground) -> Guess:
    """The system of coordinates, by what the table says, then by the network."""
    if not len(x):
        return Guess("", 0.0, TEXTS["crs_no"])
    flat = bool(np.all(np.abs(x) <= 180))
    stated = _stated(sample, flat)
    candidates, zone = _candidates(x, y, ground, flat)
    if stated:
        return Guess(stated, 0.97, TEXTS["stated"], tuple(c for c in candidates if c != stated))
    fitted = _by_network(x, y, refs, ground, candidates)
    if fitted is not None:
        return fitted
    why = filled(TEXTS["zone"], zone=zone) if zone else TEXTS["degrees" if flat else "metres"]
    return Guess(candidates[0] if zone else "", 0.45 if zone else 0.0, why, candidates)


def _stated(sample: Sample, flat: bool) -> str:
    """A column all of whose cells name one system."""
    for column in sample.columns:
        cells = {re.sub(r"[\s_-]", "", canonical(c)).casefold() for c in column.slice(0, 2000).to_pylist() if c}
        if len(cells) != 1:
            continue
        cell = cells.pop()
        if m := re.fullmatch(r"epsg:?([0-9]{4,5})", cell):
            return f"EPSG:{m[1]}"
        if flat and cell in _SYSTEMS:
            return _SYSTEMS[cell]
    return ""


def _candidates(x: Floats, y: Floats, ground: Ground, flat: bool) -> tuple[tuple[str, ...], int]:
    """Systems that the numbers may be in, and the zone number before the easting (0 = none)."""
    middle = float(np.median(x)), float(np.median(y))
    west, south, east, north = CHINA_BOX
    if flat:
        chinese = west <= middle[0] <= east and south <= middle[1] <= north
        found = ["GCJ-02", "BD-09", "EPSG:4490", "EPSG:4326"] if chinese else ["EPSG:4326"]
        return tuple(found), 0
    zone = int(middle[0] // 1_000_000)
    found = [ground.crs] if ground.crs.startswith("EPSG") else []
    if 25 <= zone <= 45:
        found = [f"EPSG:{4513 + zone - 25}", f"EPSG:{2349 + zone - 25}", f"EPSG:{2401 + zone - 25}", *found]
    elif 13 <= zone <= 23:
        found = [f"EPSG:{4491 + zone - 13}", f"EPSG:{2327 + zone - 13}", f"EPSG:{21413 + zone - 13}", *found]
    elif 150_000 <= middle[0] <= 850_000 and 1_900_000 <= middle[1] <= 6_000_000:
        zone = 0
        if centre := _meridian(ground):
            found += [
                f"EPSG:{4534 + (centre - 75) // 3}",
                f"EPSG:{2370 + (centre - 75) // 3}",
                f"EPSG:{2422 + (centre - 75) // 3}",
            ]
    else:
        zone = 0
    return tuple(dict.fromkeys(found)), zone


def _meridian(ground: Ground) -> int:
    """The central meridian of the 3-degree zone of the city, 0 where it has no place."""
    if not ground.points or not ground.crs or ground.crs == "local":
        return 0
    points = np.array(list(ground.points.values())[:200], dtype=np.float64)
    lon = float(np.nanmedian(read_stated(ground.crs, points[:, 0], points[:, 1]).lon))
    return 3 * round(lon / 3) if 73.5 <= lon <= 136.5 else 0


def _by_network(
    x: Floats, y: Floats, refs: Sequence[tuple[str, str]], ground: Ground, candidates: Sequence[str]
) -> Guess | None:
    """The candidate that brings the things nearest to where the models have them, where one does so clearly."""
    rows = [i for i, ref in enumerate(refs) if ref in ground.points]
    if len(rows) < 3 or ground.crs in ("", "local"):
        return None
    points = np.array([ground.points[refs[i]] for i in rows], dtype=np.float64)
    there = read_stated(ground.crs, points[:, 0], points[:, 1])
    off: list[tuple[float, str]] = []
    for crs in candidates:
        try:
            if not in_area(crs, x[rows], y[rows]).all():
                continue
            read = read_stated(crs, x[rows], y[rows])
        except (CityloopError, ValueError, RuntimeError):
            continue
        east = np.radians(read.lon - there.lon) * np.cos(np.radians(there.lat))
        off.append((float(np.nanmedian(np.hypot(east, np.radians(read.lat - there.lat))) * EARTH_M), crs))
    off.sort(key=lambda p: (p[0], candidates.index(p[1])))
    if not off or off[0][0] > 500:
        return None
    best, second = off[0], off[1] if len(off) > 1 else (float("inf"), "")
    alike = [crs for d, crs in off if d <= best[0] + 20]
    if len(alike) > 1 and ground.crs in alike:
        return Guess(
            ground.crs,
            0.85,
            filled(TEXTS["network_alike"], d=f"{best[0]:,.0f}"),
            tuple(c for c in alike if c != ground.crs),
        )
    if len(alike) > 1:
        return Guess("", 0.4, filled(TEXTS["network_alike"], d=f"{best[0]:,.0f}"), tuple(alike))
    words = {"n": len(rows), "d": f"{best[0]:,.0f}", "next": f"{second[0]:,.0f}"}
    return Guess(
        best[1], 0.93 if best[0] < 50 else 0.7, filled(TEXTS["network"], **words), tuple(c for _, c in off[1:])
    )
