"""What citizens' requests say beside a problem and around works, in lines."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.loop.requests import Joined

__all__ = ["joined_lines", "moment_of_requests", "problem_lines", "works_lines"]

_ABOUT = Pair("Requests, {kind} in {where}: ", "诉求（{where}，{kind}）：")


def moment_of_requests(city: Any) -> Any:
    """The end of the observations, else the clock's now: a city may have requests before its first meter."""
    return city.last_observation() or datetime.now(UTC)


def joined_lines(joined: "Joined") -> list[str]:
    """What the join says: how many, how many were to be expected, and whether that is more than chance."""
    from cityloop.cli.language import say
    from cityloop.loop.request_texts import TEXTS as SAID
    from cityloop.loop.request_texts import UNTOLD

    if joined.start is None or joined.end is None:
        return [say(UNTOLD[joined.untold])]
    lines = [
        say(
            SAID["since"], n=len(joined.placed), start=joined.start, end=joined.end - timedelta(days=1), counted=joined.counted
        )
    ]  # fmt: skip
    for c in joined.comparisons:
        e = c.expected
        text = say(
            SAID[c.by], expected=_plain(e.value), low=_plain(e.low), high=_plain(e.high), level=f"{e.level:.0%}", days=c.days
        )  # fmt: skip
        if c.ratio is not None:
            key = "ratio" if c.ratio.value is not None else "ratio_open"
            ratio, high = _plain(c.ratio.value or 0.0), _plain(c.ratio.high or 0.0)
            text += say(Pair(": ", "，")) + say(SAID[key], ratio=ratio, low=_plain(c.ratio.low), high=high)
        lines.append(f"  {text}")
    lines.append(f"  {say(SAID[joined.verdict])}" if joined.comparisons else f"  {say(UNTOLD[joined.untold])}")
    if joined.near is not None:
        lines.append("  " + say(SAID["near"], **{**vars(joined.near), "chance": f"{joined.near.chance:.0%}"}))
    if joined.unplaced:
        lines.append("  " + say(SAID["unplaced"], n=joined.unplaced))
    return [*lines, say(SAID["no_cause"])]


def problem_lines(city: Any) -> dict[str, list[str]]:
    """Problem id -> what the requests beside it say; empty for a city without requests."""
    from cityloop.loop.requests import read_citizens

    if not city.requests():
        return {}
    return {j.problem.id: joined_lines(j) for j in read_citizens(city.view(moment_of_requests(city))).joined()}


def works_lines(city: Any) -> list[str]:
    """The requests before and after the works of every Verification, one line each."""
    from cityloop.cli.language import say
    from cityloop.cli.show import kind, names
    from cityloop.loop.request_texts import TEXTS as SAID
    from cityloop.loop.request_texts import UNTOLD
    from cityloop.loop.requests import read_citizens
    from cityloop.records import Problem

    if not city.requests():
        return []
    known, lines, view = names(city), list[str](), city.view(moment_of_requests(city))
    problems = {p.id: p for p in view.records(Problem)}
    for a in read_citizens(view).around_works():
        head = say(_ABOUT, kind=kind(problems[a.problem].kind), where=known.get(a.boundary, a.boundary))
        if a.ratio is None or a.before is None or a.after is None:
            lines.append(f"{head}{say(UNTOLD[a.untold])}")
            continue
        spans = {
            "b0": a.before[0],
            "b1": a.before[1] - timedelta(days=1),
            "a0": a.after[0],
            "a1": a.after[1] - timedelta(days=1),
        }
        text = say(SAID["around"], before=a.events_before, after=a.events_after, **spans)
        key = "around_ratio" if a.ratio.value is not None and a.ratio.high is not None else "around_low"
        ratio = {"ratio": _plain(a.ratio.value or 0.0), "low": _plain(a.ratio.low), "high": _plain(a.ratio.high or 0.0)}
        lines.append(f"{head}{text}{say(Pair('; ', '；'))}{say(SAID[key], **ratio, level=f'{a.ratio.level:.0%}')}")
    return [*lines, *([say(SAID["no_cause"])] if lines else [])]


def _plain(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
