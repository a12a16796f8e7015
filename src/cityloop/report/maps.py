"""The map: the network with the ranked area, sensors, best and found place; whole and close-up, with a scale bar."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cityloop.i18n import Pair
from cityloop.records import PipeRank, Problem, Project
from cityloop.report.blocks import Drawing, Inline, Key, Sentence, Table
from cityloop.report.drawing import COLOURS, new_figure, to_svg
from cityloop.report.facts import Facts
from cityloop.report.numbers import shown, significant
from cityloop.settings import Crs, describe_crs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Places", "area_drawing", "network_drawing", "read_places"]

Point = tuple[float, float]
#: Edges of the classes as shares of the densest pipe. Density = probability of 100 m: the colours compare places, not
#: pipe lengths.
CLASSES = (0.05, 0.15, 0.35, 0.65)
SHORT_M = 25.0  # a shorter pipe counts as this long, lest a stub of a metre outshine its street
LABELLED = 10
WIDE_IN = 8.2
STANDING = ("tank", "reservoir", "pump")
_METRES_PER_DEGREE = 111_195.0  # mean sphere of 6,371 km: pi * 6371000 / 180

_WHOLE = Pair("Network and ranked area", "管网与排序区域")
_CLOSE = Pair("Close-up: where to search first", "局部放大：优先排查位置")
_CAPTION = Pair(
    "Coordinates: {crs}. {scale} The colour is the share of probability that the leak lies on 100 m of that pipe.",
    "坐标系：{crs}。{scale}颜色表示漏点位于该管道每 100 m 内的概率份额。",
)
_CLOSE_CAPTION = Pair(
    "{boundary}: numbers are the ranks of the dig list. {scale}", "{boundary}：数字为检漏清单的排序号。{scale}"
)
_SCALE = Pair("The bar is {metres} long.", "比例尺长 {metres}。")
_NO_SCALE = Pair("Units of this system are not stated, so there is no scale bar.", "该坐标系未说明单位，故无比例尺。")
_KEYS = {
    "pipe": Pair("pipe", "管道"),
    "sensor": Pair("pressure logger", "压力计"),
    "failing": Pair("failing sensor", "故障传感器"),
    "best": Pair("best place to begin", "首选排查位置"),
    "found": Pair("where the crew found a leak", "现场发现的漏点"),
    "tank": Pair("tank or reservoir", "水池、水源"),
    "pump": Pair("pump", "水泵"),
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
        if place is None or not all(math.isfinite(c) for xy in place.coordinates for c in xy):
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
    """The whole network; None where no pipe has a place."""
    pipes = [places.lines[t.id] for t in facts.things.values() if t.kind == "pipe" and t.id in places.lines]
    if not pipes:
        return None
    return _draw(facts, places, "map", facts.leaks, pipes, _WHOLE)


def area_drawing(facts: Facts, places: Places, problem: Problem) -> Drawing | None:
    """The ranked area of one problem close up; None where its pipes have no place."""
    ranked = _until(problem.area, 0.9)
    here = [places.lines[r.thing] for r in ranked if r.thing in places.lines]
    if not here:
        return None
    box = _box(p for line in here for p in line)
    pipes = [
        line for t in facts.things.values() if t.kind == "pipe" and (line := places.lines.get(t.id)) is not None
        if _meets(line, box)
    ]  # fmt: skip
    name = f"map-{problem.id.rsplit(':', 1)[-1]}"
    return _draw(facts, places, name, [problem], pipes, _CLOSE, box=box, boundary=facts.name(problem.boundary))


def _until(area: Sequence[PipeRank], share: float) -> list[PipeRank]:
    total, out = 0.0, []
    for row in area:
        out.append(row)
        total += row.probability
        if total >= share:
            break
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
    *, box: tuple[float, float, float, float] | None = None, boundary: Inline = "",
) -> Drawing:  # fmt: skip
    fixed = [p for t in facts.things.values() if t.kind in STANDING and (p := places.middle(t.id)) is not None]
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
    if box is not None:
        _numbers(axes, places, problems[0].area)
    scale = _scale_bar(axes, places)
    if box is None:
        caption = Sentence(_CAPTION, {"crs": f"{places.crs.name} ({places.crs.title})", "scale": scale})
    else:
        caption = Sentence(_CLOSE_CAPTION, {"boundary": boundary, "scale": scale})
    twin = Table((_WHAT, _NAME, _X, _Y), tuple(rows), numeric=frozenset([2, 3]))
    return Drawing(name, to_svg(figure, name), title, caption, tuple(keys), twin if rows else None)


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
    return [Key(f"p{i + 1}", names[i]) for i in sorted(classes, reverse=True)]


def _found_at(facts: Facts, projects: Sequence[Project]) -> list[str]:
    """Things where a crew found a leak."""
    by_name = {t.name: t.id for t in facts.things.values() if t.kind in ("junction", "pipe")}
    places = [str(f.get("place", "")) for p in projects for f in p.findings if f.get("found") == "leak"]
    return [p if p in facts.things else by_name.get(p, "") for p in places]


def _marks(
    facts: Facts, axes: "Axes", places: Places, problems: Sequence[Problem]
) -> tuple[list[str], list[tuple[Inline, ...]]]:
    """Sensors, tanks, pumps, best and found places; which kinds were drawn, and the rows of the table twin."""
    loggers = {s.thing for s in facts.datastreams if s.observed_property == "water_pressure"}
    faulty = {p.boundary for p in facts.sensor_faults if p.status not in ("dismissed", "merged", "closed")}
    found = {t for t in _found_at(facts, facts.projects) if t}
    kinds = {t.id: t.kind for t in facts.things.values()}
    groups: list[tuple[str, Iterable[str], str, float]] = [
        ("tank", (t for t, k in kinds.items() if k in ("tank", "reservoir")), "s", 70.0),
        ("pump", (t for t, k in kinds.items() if k == "pump"), "^", 70.0),
        ("sensor", sorted(loggers - faulty), "o", 16.0),
        ("failing", sorted(faulty), "X", 60.0),
        ("best", sorted({p.best_place for p in problems if p.best_place}), "*", 190.0),
        ("found", sorted(found), "D", 60.0),
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
        rows += [(_KEYS[kind], facts.name(t), f"{p[0]:.6g}", f"{p[1]:.6g}") for t, p in at]
    return used, rows


def _numbers(axes: "Axes", places: Places, area: Sequence[PipeRank]) -> None:
    """Ranks of the first pipes."""
    for row in area[:LABELLED]:
        at = places.middle(row.thing)
        if at is not None:
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
