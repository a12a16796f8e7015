"""The map: the network with ranked areas, sensors, likeliest and found places; whole and close-up, with a scale bar."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cityloop.i18n import Pair
from cityloop.records import Problem, Project, RankedThing
from cityloop.report.blocks import Drawing, Inline, Key, Sentence, Table
from cityloop.report.drawing import COLOURS, new_figure, to_svg
from cityloop.report.facts import Facts
from cityloop.report.numbers import shown, significant
from cityloop.report.order import Patch, patches, stands
from cityloop.settings import Crs, describe_crs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Places", "area_drawings", "network_drawing", "read_places"]

Point = tuple[float, float]
#: Edges of the classes as shares of the densest pipe. Density = probability of 100 m: the colours compare places, not
#: pipe lengths.
CLASSES = (0.05, 0.15, 0.35, 0.65)
SHORT_M = 25.0  # a shorter pipe counts as this long, lest a stub of a metre outshine its street
LABELLED = 20
APART = 0.03  # of the map's width or height: numbers that stand closer would cover each other
WIDE_IN = 8.2
#: Symbol, size and colour of the kinds of Things that a map marks.
SYMBOLS = {
    "tank": ("s", 70.0, "tank"),
    "reservoir": ("s", 70.0, "tank"),
    "pump": ("^", 70.0, "pump"),
    "transformer": ("P", 60.0, "transformer"),
}
_METRES_PER_DEGREE = 111_195.0  # mean sphere of 6,371 km: pi * 6371000 / 180

_WHOLE = Pair("Where: the whole network", "位置：全网")
_CLOSE = Pair("Where: close-up", "位置：局部放大")
_CAPTION = Pair("{scale} Coordinates: {crs}.", "{scale}坐标系：{crs}。")
_CLOSE_CAPTION = Pair(
    "Close-up, {boundary}, around {place}: numbers are ranks of the dig list. {scale}",
    "局部放大：{boundary}，{place} 一带；数字为检漏清单的排序号。{scale}",
)
_DENSITY = Pair("chance that it lies within 100 m:", "位于每 100 m 内的概率：")
_SCALE = Pair("Bar: {metres}.", "比例尺：{metres}。")
_NO_SCALE = Pair("Units of this system are not stated, so there is no scale bar.", "该坐标系未说明单位，故无比例尺。")
_KEYS = {
    "pipe": Pair("network", "管网"),
    "sensor": Pair("sensor", "测点"),
    "failing": Pair("failing sensor", "故障传感器"),
    "best": Pair("most likely place", "最可能位置"),
    "found": Pair("found by the crew", "现场查实位置"),
    "tank": Pair("tank or reservoir", "水池、水源"),
    "pump": Pair("pump", "水泵"),
    "transformer": Pair("transformer", "变压器"),
}
_CLASS = Pair("{low} to {high} %", "{low}～{high}%")
_ABOVE = Pair("over {low} %", "高于 {low}%")
_BELOW = Pair("up to {high} %", "不高于 {high}%")
_WHAT, _NAME, _X, _Y = Pair("What", "对象"), Pair("Name", "名称"), Pair("x", "x"), Pair("y", "y")


@dataclass(frozen=True)
class Places:
    """Coordinates of Things in the units of the city's system; `aspect` = length of one y unit in x units."""

    points: dict[str, Point]
    lines: dict[str, tuple[Point, ...]]
    crs: Crs
    metres_per_unit: float | None
    """Metres of one unit in x."""
    aspect: float

    def middle(self, thing: str) -> Point | None:
        """A point on a Thing: its own, or halfway along its line."""
        if thing in self.points:
            return self.points[thing]
        line = self.lines.get(thing)
        return _halfway(line) if line else None


def _halfway(line: Sequence[Point]) -> Point:
    lengths = [math.dist(a, b) for a, b in zip(line[:-1], line[1:], strict=True)]
    left = sum(lengths) / 2
    for (a, b), length in zip(zip(line[:-1], line[1:], strict=True), lengths, strict=True):
        if left <= length and length > 0:
            share = left / length
            return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
        left -= length
    return line[0]


def read_places(facts: Facts) -> Places:
    """Where every Thing lies that has a Location, and pipes between the nodes that they join."""
    points: dict[str, Point] = {}
    lines: dict[str, tuple[Point, ...]] = {}
    for thing in facts.things.values():
        place = facts.locations.get(thing.location)
        if place is None or place.crs != facts.settings.crs:
            continue  # a device placed in a system of its own is not drawn rather than drawn in a wrong place
        if not all(math.isfinite(c) for xy in place.coordinates for c in xy):
            continue
        if len(place.coordinates) == 1:
            points[thing.id] = place.coordinates[0]
        elif len(place.coordinates) > 1:
            lines[thing.id] = place.coordinates
    for thing in facts.things.values():
        ends = [points.get(r.thing) for kind in ("start", "end") for r in thing.relations if r.kind == kind]
        if thing.id not in lines and len(ends) == 2 and ends[0] is not None and ends[1] is not None:
            lines[thing.id] = (ends[0], ends[1])
    crs = describe_crs(facts.settings.crs)
    if crs.kind in ("geographic", "shifted") and (points or lines):
        latitude = (
            sum(p[1] for p in points.values()) / max(len(points), 1) if points else next(iter(lines.values()))[0][1]
        )
        shrink = max(math.cos(math.radians(min(abs(latitude), 89.0))), 1e-3)
        return Places(points, lines, crs, _METRES_PER_DEGREE * shrink, 1 / shrink)
    return Places(points, lines, crs, crs.metres_per_unit, 1.0)


def network_drawing(facts: Facts, places: Places) -> Drawing | None:
    """The whole network; None where nothing long has a place."""
    lines = _network(facts, places)
    return _draw(facts, places, "map", _shown(facts), lines, _WHOLE) if lines else None


def _network(facts: Facts, places: Places) -> list[tuple[Point, ...]]:
    """The lines of everything long that has no symbol of its own."""
    return [line for id, line in places.lines.items() if facts.things[id].kind not in SYMBOLS]


def _shown(facts: Facts) -> list[Problem]:
    return [p for p in facts.concerns if p.status not in ("dismissed", "merged")]


def area_drawings(facts: Facts, places: Places, problem: Problem) -> list[Drawing]:
    """The patches of one problem's ranked area close up; none where they have no place."""
    out = []
    for number, patch in enumerate(patches(problem.area, facts.things, problem.best_place), 1):
        here = [places.lines[r.thing] for r in patch.rows if r.thing in places.lines]
        if not here:
            continue
        box = _box(p for line in here for p in line)
        lines = [line for line in _network(facts, places) if _meets(line, box)]
        name = f"map-{problem.id.rsplit(':', 1)[-1]}-{number}"
        caption = {"boundary": facts.name(problem.boundary), "place": facts.name(patch.place)}
        out.append(_draw(facts, places, name, [problem], lines, _CLOSE, box=box, caption=caption, patch=patch))
    return out


def _box(points: Iterable[Point]) -> tuple[float, float, float, float]:
    xs, ys = zip(*points, strict=True)
    pad = 0.08 * max(max(xs) - min(xs), max(ys) - min(ys), 1e-9)
    return min(xs) - pad, min(ys) - pad, max(xs) + pad, max(ys) + pad


def _meets(line: Sequence[Point], box: tuple[float, float, float, float]) -> bool:
    xs, ys = zip(*line, strict=True)
    return bool(max(xs) >= box[0] and min(xs) <= box[2] and max(ys) >= box[1] and min(ys) <= box[3])


def _draw(
    facts: Facts, places: Places, name: str, problems: Sequence[Problem], pipes: Sequence[tuple[Point, ...]], title: Pair,
    *, box: tuple[float, float, float, float] | None = None, caption: Mapping[str, Inline] | None = None,
    patch: Patch | None = None,
) -> Drawing:  # fmt: skip
    fixed = [p for t in facts.things.values() if t.kind in SYMBOLS and (p := places.middle(t.id)) is not None]
    left, low, right, high = box or _box([*(p for line in pipes for p in line), *fixed])
    tall = min(max(WIDE_IN * (high - low) * places.aspect / max(right - left, 1e-12), 3.4), 6.6)
    figure = new_figure(WIDE_IN, tall)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    # equal scale in both directions: the side with room to spare is widened about its middle
    step = max((right - left) / WIDE_IN, (high - low) * places.aspect / tall)
    x, y = (left + right) / 2, (low + high) / 2
    axes.set_xlim(x - step * WIDE_IN / 2, x + step * WIDE_IN / 2)
    axes.set_ylim(y - step * tall / places.aspect / 2, y + step * tall / places.aspect / 2)
    width = 0.7 if box is None else 1.1
    _paths(axes, pipes, COLOURS["pipe"], width, 1)
    keys = [Key("pipe", _KEYS["pipe"]), *_ranked(axes, places, problems, width)]
    used, rows = _marks(facts, axes, places, problems)
    keys += [Key(u, _KEYS[u]) for u in used]
    if patch is not None:
        _numbers(axes, places, patch.rows)
    scale = _scale_bar(axes, places)
    said = Sentence(_CAPTION, {"crs": f"{places.crs.name} ({places.crs.title})", "scale": scale})
    if caption is not None:
        said = Sentence(_CLOSE_CAPTION, {**caption, "scale": scale})
    twin = Table((_WHAT, _NAME, _X, _Y), tuple(rows), numeric=frozenset([2, 3]))
    return Drawing(name, to_svg(figure, name), title, said, tuple(keys), twin if rows else None)


def _paths(axes: "Axes", lines: Sequence[Sequence[Point]], colour: str, width: float, order: int) -> None:
    """Many lines as one path: a fraction of the bytes of one element each."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not lines:
        return
    points = [p for line in lines for p in line]
    codes: list[Any] = [Path.MOVETO if i == 0 else Path.LINETO for line in lines for i in range(len(line))]
    patch = PathPatch(
        Path(points, codes), fill=False, edgecolor=colour, linewidth=width, zorder=order, capstyle="round",
    )  # fmt: skip
    axes.add_patch(patch)


def _ranked(axes: "Axes", places: Places, problems: Sequence[Problem], width: float) -> list[Key]:
    """Pipes by class of probability per 100 m."""
    rows = [
        (row.probability / max(row.length_m, SHORT_M) * 100, places.lines.get(row.thing))
        for p in problems
        for row in p.area
    ]
    top = max((density for density, line in rows if line is not None), default=0.0)
    limits = [c * top for c in CLASSES]
    classes: dict[int, list[tuple[Point, ...]]] = {}
    for density, line in rows:
        if line is not None:
            classes.setdefault(sum(density > limit for limit in limits), []).append(line)
    for i in sorted(classes):
        _paths(axes, classes[i], COLOURS[f"p{i + 1}"], width + 0.9 + 0.6 * i, 2 + i)
    if not classes:
        return []
    edges = [shown(limit * 100, max(significant(limit * 100, 2), 0)) for limit in limits]
    names: list[Inline] = [
        Sentence(_BELOW, {"high": edges[0]}),
        *(Sentence(_CLASS, {"low": a, "high": b}) for a, b in zip(edges[:-1], edges[1:], strict=True)),
        Sentence(_ABOVE, {"low": edges[-1]}),
    ]
    return [Key("none", _DENSITY), *(Key(f"p{i + 1}", names[i]) for i in sorted(classes, reverse=True))]


def _found_at(facts: Facts, projects: Sequence[Project]) -> list[str]:
    """Things where a crew found the trouble; a name that several Things share is the searched one's."""
    searched = {row.name: row.thing for p in facts.problems for row in p.area}
    by_name = {t.name: t.id for t in facts.things.values() if t.location or t.relations} | searched
    places = [str(f.get("place", "")) for p in projects for f in p.findings if f.get("found") in facts.causes]
    return [p if p in facts.things else by_name.get(p, "") for p in places]


def _marks(
    facts: Facts, axes: "Axes", places: Places, problems: Sequence[Problem]
) -> tuple[list[str], list[tuple[Inline, ...]]]:
    """Symbols, sensors, likeliest and found places; which kinds were drawn, and the rows of the table twin."""
    symbols = {t.id: SYMBOLS[t.kind] for t in facts.things.values() if t.kind in SYMBOLS}
    measured = {s.thing for s in facts.datastreams} - set(symbols)
    faulty = {p.boundary for p in facts.sensor_faults if stands(p)}
    likely = {
        place for p in problems
        for place in ([x.place for x in patches(p.area, facts.things, p.best_place)] or [p.best_place or p.boundary])
    }  # fmt: skip
    groups: list[tuple[str, Iterable[str], str, float]] = [
        (key, sorted(t for t, s in symbols.items() if s[2] == key), marker, size)
        for key, (marker, size) in {s[2]: (s[0], s[1]) for s in SYMBOLS.values()}.items()
    ]
    groups += [
        ("sensor", sorted(measured - faulty), "o", 16.0),
        ("failing", sorted(faulty), "X", 60.0),
        ("best", sorted(likely), "*", 190.0),
        ("found", sorted({t for t in _found_at(facts, facts.projects) if t}), "D", 60.0),
    ]
    box = (*axes.get_xlim(), *axes.get_ylim())
    used: list[str] = []
    rows: list[tuple[Inline, ...]] = []
    for kind, things, marker, size in groups:
        at = [(t, p) for t in things if (p := places.middle(t)) is not None]
        at = [(t, p) for t, p in at if box[0] <= p[0] <= box[1] and box[2] <= p[1] <= box[3]]
        if not at:
            continue
        axes.scatter(
            [p[0] for _, p in at], [p[1] for _, p in at], s=size, marker=marker, color=COLOURS[kind],
            edgecolors=COLOURS["paper"], linewidths=0.6, zorder=10 + len(used),
        )  # fmt: skip
        used.append(kind)
        rows += [(_KEYS[kind], facts.name(t), _coordinate(p[0]), _coordinate(p[1])) for t, p in at]
    return used, rows


def _coordinate(value: float) -> str:
    """Degrees to a metre or so, metres and feet to a tenth: a northing of seven digits needs them all."""
    return f"{value:.5f}" if abs(value) <= 360 else f"{value:.1f}"


def _numbers(axes: "Axes", places: Places, area: Sequence[RankedThing]) -> None:
    """Ranks of the first rows, each where it does not cover an earlier one."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    taken: list[Point] = []
    for row in area[:LABELLED]:
        at = places.middle(row.thing)
        if at is None:
            continue
        here = ((at[0] - left) / (right - left), (at[1] - low) / (high - low))
        if any(math.dist(here, other) < APART for other in taken):
            continue
        taken.append(here)
        axes.annotate(
            str(row.rank), at, xytext=(5, 5), textcoords="offset points", fontsize=10, fontweight="bold",
            color=COLOURS["ink"], zorder=30,
        )  # fmt: skip


def _scale_bar(axes: "Axes", places: Places) -> Inline:
    """A bar of a round length in the lower left corner; says how long it is."""
    if places.metres_per_unit is None:
        return _NO_SCALE
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    wide = (right - left) * places.metres_per_unit
    power = 10.0 ** math.floor(math.log10(wide / 4))
    metres = max(m * power for m in (1, 2, 5) if m * power <= wide / 4)
    x, y = left + 0.03 * (right - left), low + 0.03 * (high - low)
    axes.plot(
        [x, x + metres / places.metres_per_unit], [y, y], color=COLOURS["ink"], linewidth=3, solid_capstyle="butt",
        zorder=31,
    )  # fmt: skip
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    axes.annotate(text, (x, y), xytext=(0, 5), textcoords="offset points", color=COLOURS["ink"], fontsize=10, zorder=31)
    return Sentence(_SCALE, {"metres": text})
