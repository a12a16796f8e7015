"""Step one: what is wrong now, merged with what people and earlier turns said about it."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from cityloop.contracts import Domain, Simulator, View
from cityloop.loop.candidates import OPEN, answered
from cityloop.loop.texts import dated, is_dated
from cityloop.records import Countermeasure, Problem, Project

__all__ = ["find_problems"]

#: A new version is written when the gap or its interval moved by this share of the interval's half-width.
NOISE = 0.25
#: Days of observations after works before the same trouble may be raised again: a fortnight of nights to compare.
QUIET_DAYS = 14


def find_problems(view: View, domains: Sequence[Domain], simulator: Simulator | None) -> list[Problem]:
    """New Problems and new versions of those that changed beyond noise.

    What people decided stays: assignments, dismissals (until the gap grew beyond its interval), mergers, works under
    way, whose Problem keeps what the works were judged to do. An open Problem that no domain sees any more is closed;
    a closed one that is seen again is reopened.
    """
    standing = {p.id: p for p in view.records(Problem)}
    changed: list[Problem] = []
    seen: set[str] = set()
    for domain in domains:
        for found in domain.problems(view, simulator):
            if found.id in seen:
                continue
            seen.add(found.id)
            if _just_mended(view, found):
                continue
            new = found if found.id not in standing else _merge(view, standing, standing[found.id], found)
            if new is not None:
                changed.append(new)
    names = {d.name for d in domains}
    for known in standing.values():
        if known.id not in seen and known.status in OPEN and known.domain in names:
            changed.append(_note(known, view, "no_longer_seen", status="closed"))
    return changed


def _just_mended(view: View, found: Problem) -> bool:
    """Whether works on the same indicator and boundary were done so lately that what is seen is still from before.

    Only an onset after the works is news then; what they left shows when QUIET_DAYS of observations have come in.
    """
    measures = {c.id: c for c in view.records(Countermeasure)}
    for project in view.records(Project):
        last = project.states[-1]
        if last.state != "done" or view.now - last.on >= timedelta(days=QUIET_DAYS):
            continue
        after = found.onset is not None and found.onset > last.on.date()
        measure = measures.get(project.countermeasure)
        if measure is None or after:
            continue
        problems = answered(view, measure)
        if any((p.indicator, p.boundary, p.status) == (found.indicator, found.boundary, "closed") for p in problems):
            return True
    return False


def _merge(view: View, standing: dict[str, Problem], known: Problem, found: Problem) -> Problem | None:
    """The next version of a Problem that is seen again; None if nothing is to be said."""
    kept = msgspec.structs.replace(
        found,
        version=known.version + 1,
        status=known.status,
        assigned_to=known.assigned_to,
        merged_into=known.merged_into,
        detected=known.detected,
        notes=(*found.notes, *(n for n in known.notes if is_dated(n))),
    )
    again = msgspec.structs.replace(kept, status="open", merged_into="", detected=found.detected)
    if known.status == "in_works":
        return None
    if known.status == "closed":
        return _note(again, view, "seen_again")
    if known.status == "merged":
        target = standing.get(known.merged_into)
        return _note(again, view, "target_closed") if target is None or target.status == "closed" else None
    if known.status == "dismissed":
        if abs(found.gap.value) <= max(abs(known.gap.low), abs(known.gap.high)):
            return None
        before, now = f"{known.gap.value:.3g}", f"{found.gap.value:.3g}"
        return _note(again, view, "grown", before=before, now=now, unit=found.gap.unit)
    return kept if _changed(known, kept) else None


def _changed(known: Problem, new: Problem) -> bool:
    """Whether a new version says something that the known one does not."""
    half = (known.gap.high - known.gap.low) / 2
    moved = max(
        abs(getattr(new.gap, side) - getattr(known.gap, side)) for side in ("value", "low", "high")
    )  # fmt: skip
    plain = ("kind", "boundary", "indicator", "best_place", "domain", "simulated")
    return (
        moved > NOISE * half
        or any(getattr(known, name) != getattr(new, name) for name in plain)
        or (known.cost_per_year is None) != (new.cost_per_year is None)
        or bool(known.area) != bool(new.area)
        or len(known.notes) != len(new.notes)
    )


def _note(problem: Problem, view: View, key: str, *, status: str = "", **values: object) -> Problem:
    """A new version with a dated note, and another status where one is named."""
    return msgspec.structs.replace(
        problem,
        version=problem.version + (1 if status else 0),
        status=status or problem.status,
        notes=(*problem.notes, dated(key, view.now, **values)),
    )
