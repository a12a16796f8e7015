"""Charts: daily values with band, onset and works; claimed beside measured. No words inside, so one chart serves both."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from cityloop.i18n import LANGUAGES, Pair
from cityloop.records import Problem, Project, Verification
from cityloop.report.blocks import Drawing, Inline, Key, Sentence, Table
from cityloop.report.drawing import COLOURS, new_figure, to_svg
from cityloop.report.facts import DailySeries, Facts
from cityloop.report.numbers import unit_text
from cityloop.report.words import named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["claim_drawings", "daily_drawing", "dress"]

#: The table twin of a chart shows every day up to this many, then every seventh.
TWIN_DAYS = 400
_TITLE = Pair("Daily {indicator}", "{indicator}（逐日）")
_CAPTION = Pair("{thing}, {unit}", "{thing}，{unit}")
_DAILY = Pair("daily value", "逐日值")
_BAND = Pair("expected without the problem, with interval", "无该问题时的预期及区间")
_ONSET = Pair("onset", "出现时刻")
_WORKS = Pair("works", "施工期")
_AFTER = Pair("verification window", "验证期")
_LIMIT = Pair("limit of the binding norm", "约束性规范限值")
_DAY, _VALUE = Pair("Day", "日期"), Pair("Value", "数值")
_CLAIMED, _MEASURED = Pair("claimed", "预计"), Pair("measured", "实测")
_SMALLEST = Pair("smallest effect worth acting on", "值得采取行动的最小效果")
_CLAIM_TITLE = Pair("Claimed and measured effect on the indicator", "指标的预计与实测效果")
_REF = Pair("Number", "序号")


def daily_drawing(
    facts: Facts, thing: str, indicator: str, problem: Problem | None = None, *, name: str = ""
) -> Drawing | None:
    """Daily values of one indicator of one Thing, marked with its problem, works and verification; None without data.

    `name` stands in the page's ids; by default that of the indicator and the Thing.
    """
    series = facts.series.get((thing, indicator))
    if series is None or len(series.known) < 2:
        return None
    name = name or f"{indicator}-{thing.rsplit(':', 1)[-1]}".replace("_", "-")
    answers = {p.id for p in facts.projects_of(problem)} if problem is not None else set()
    works = [p for p in facts.projects if p.boundary == thing or p.id in answers]
    verified = [v for v in facts.verifications if v.boundary == thing and v.indicator == indicator]
    figure = new_figure(8.2, 2.9)
    axes = figure.add_axes((0.085, 0.11, 0.9, 0.85))  # fixed: a fitted layout draws every chart twice
    keys: list[Key] = [Key("line", _DAILY)]
    _daily_line(axes, series)
    if problem is not None:
        keys += _mark_problem(axes, problem, series)
    keys += _mark_windows(axes, works, verified, series)
    rule = facts.norms.get(facts.view.policy.binding_norm, {}).get(indicator)
    if rule is not None and rule.limit is not None and rule.unit == series.unit:
        axes.axhline(rule.limit, color=COLOURS["limit"], linewidth=1.4, linestyle=(0, (6, 3)))
        keys.append(Key("limit", _LIMIT))
    dress(axes, unit_text(series.unit).en)
    title = Pair(*(_TITLE.in_(language, indicator=named(indicator).in_(language)) for language in LANGUAGES))
    unit = unit_text(series.unit)
    caption = Sentence(_CAPTION, {"thing": facts.name(thing), "unit": unit})
    return Drawing(name, to_svg(figure, name), title, caption, tuple(keys), _twin(facts, series))


def _daily_line(axes: "Axes", series: DailySeries) -> None:
    days = [_number(d) for d in series.days]
    values = [float("nan") if v is None else v for v in series.values]
    few = len(days) <= 250
    axes.plot(
        days, values, color=COLOURS["line"], linewidth=1.3, marker="o" if few else "", markersize=2.0, zorder=3,
    )  # fmt: skip
    axes.set_xlim(days[0] - 1, days[-1] + 1)


def _mark_problem(axes: "Axes", problem: Problem, series: DailySeries) -> list[Key]:
    """The expected band from the onset on, and the onset."""
    if problem.onset is None or problem.gap.unit != series.unit:
        return []
    start = _number(problem.onset.isoformat())
    end = max(start, min(_number(problem.evidence.end.date().isoformat()), _number(series.days[-1])))
    axes.fill_between(
        [start, end], [problem.expected.low] * 2, [problem.expected.high] * 2, color=COLOURS["band"], alpha=0.35,
        linewidth=0, zorder=1,
    )  # fmt: skip
    axes.plot([start, end], [problem.expected.value] * 2, color=COLOURS["band"], linewidth=1.5, zorder=2)
    axes.axvline(start, color=COLOURS["onset"], linewidth=1.5, linestyle=(0, (4, 2)), zorder=2)
    return [Key("band", _BAND), Key("onset", _ONSET)]


def _mark_windows(
    axes: "Axes", works: Sequence[Project], verified: Sequence[Verification], series: DailySeries
) -> list[Key]:
    """Works from started to done, and the windows that verification judged."""
    keys = []
    last = _number(series.days[-1])
    for project in works:
        started = next((s.on for s in project.states if s.state == "started"), None)
        done = next((s.on for s in reversed(project.states) if s.state in ("done", "cancelled")), None)
        if started is not None:
            begin = _number(started.date().isoformat())
            end = _number(done.date().isoformat()) if done else last
            axes.axvspan(begin, max(end, begin + 0.5), color=COLOURS["works"], alpha=0.3, linewidth=0, zorder=0)
            keys.append(Key("works", _WORKS))
    for found in verified:
        axes.axvspan(
            _number(found.start.isoformat()), _number(found.end.isoformat()), color=COLOURS["after"], alpha=0.18,
            linewidth=0, zorder=0,
        )  # fmt: skip
        keys.append(Key("after", _AFTER))
    return list(dict.fromkeys(keys))


def _number(day: str) -> float:
    """Days since 1970, as matplotlib's dates are."""
    return float((date.fromisoformat(day) - date(1970, 1, 1)).days)


def dress(axes: "Axes", unit: str) -> None:
    """Axes of the page's colours, dates in ISO order."""
    from matplotlib import dates

    untyped: Any = dates
    locator = untyped.AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        untyped.ConciseDateFormatter(
            locator, formats=["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%S"],
            zero_formats=["", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M"], offset_formats=[""] * 6,
        )
    )  # fmt: skip
    axes.set_ylabel(unit, color=COLOURS["ink"])
    _plain(axes)


def _plain(axes: "Axes") -> None:
    axes.set_facecolor("none")
    axes.grid(color=COLOURS["grid"], linewidth=0.6)
    axes.tick_params(colors=COLOURS["ink"], length=3)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(COLOURS["muted"])


def _twin(facts: Facts, series: DailySeries) -> Table:
    known = series.known
    if len(known) > TWIN_DAYS:
        known = known[:: -(-len(known) // TWIN_DAYS)]
    rows = tuple(
        (day, facts.trace.number(series.thing, f"{series.indicator}[{day}]", unit=series.unit)) for day, _ in known
    )
    return Table((_DAY, _VALUE), rows, numeric=frozenset([1]))


def claim_drawings(facts: Facts) -> list[Drawing]:
    """Claimed and measured effect of every verification with intervals, one drawing per unit."""
    numbered = list(enumerate(facts.verifications, 1))
    units = list(dict.fromkeys(v.measured.unit for v in facts.verifications))
    return [_claims(facts, i, [(n, v) for n, v in numbered if v.measured.unit == unit]) for i, unit in enumerate(units)]


def _claims(facts: Facts, i: int, found: Sequence[tuple[int, Verification]]) -> Drawing:
    """Verifications of one unit, each by its number in the table."""
    tall = 0.9 + 0.75 * len(found)
    figure = new_figure(8.2, tall)
    axes = figure.add_axes((0.06, 0.55 / tall, 0.91, 1 - 0.65 / tall))
    for row, (_, one) in enumerate(found):
        for key, estimate, at in (("claim", one.claimed, row - 0.15), ("measured", one.measured, row + 0.15)):
            axes.plot([estimate.low, estimate.high], [at, at], color=COLOURS[key], linewidth=3, solid_capstyle="butt")
            axes.plot([estimate.value], [at], color=COLOURS[key], marker="o", markersize=7)
        axes.plot([one.smallest_effect] * 2, [row - 0.4, row + 0.4], color=COLOURS["limit"], linestyle=(0, (4, 2)))
    axes.axvline(0.0, color=COLOURS["muted"], linewidth=1)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_yticks(range(len(found)), [str(number) for number, _ in found])
    axes.set_xlabel(unit_text(found[0][1].measured.unit).en, color=COLOURS["ink"])
    _plain(axes)
    rows: list[tuple[Inline, ...]] = [
        (
            str(number), facts.name(v.boundary), facts.trace.estimate(v.id, "claimed"),
            facts.trace.estimate(v.id, "measured"),
            facts.trace.number(v.id, "smallest_effect", unit=v.measured.unit),
        )
        for number, v in found
    ]  # fmt: skip
    head = (_REF, Pair("Place", "位置"), _CLAIMED, _MEASURED, _SMALLEST)
    keys = (Key("claim", _CLAIMED), Key("measured", _MEASURED), Key("limit", _SMALLEST))
    twin = Table(head, tuple(rows), numeric=frozenset([2, 3, 4]))
    name = f"claims-{i + 1}"
    return Drawing(name, to_svg(figure, name), _CLAIM_TITLE, _CLAIM_TITLE, keys, twin)
