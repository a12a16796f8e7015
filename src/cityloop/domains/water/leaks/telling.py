"""What a changed flow is: a leak, a burst that runs now, the season, or the meter. Told apart before anybody is sent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import numpy as np

from cityloop.contracts import View
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.leaks.beside import stands_out
from cityloop.domains.water.leaks.detection import Trouble
from cityloop.domains.water.leaks.sudden import find_sudden
from cityloop.domains.water.meters.proportion import proportional_fault
from cityloop.domains.water.meters.sensors import Fault
from cityloop.evidence.normal import half_width
from cityloop.records import Datastream, Problem

__all__ = ["tell_apart"]

LEAKAGE = ("burst", "growing_leakage")
OPEN = ("open", "acknowledged", "in_works")
#: A stuck meter explains a rise that began from so many days before it stuck.
BEFORE_STUCK = timedelta(days=2)


def tell_apart(
    view: View, states: Sequence[BoundaryState], changed: Sequence[Problem], faults: Sequence[Fault]
) -> tuple[list[BoundaryState], list[Fault], list[Problem]]:
    """The states with the troubles that are leaks or bursts, the faults with the meters that only look like one, and
    `changed` without the falls that are a meter's doing.

    What people know of stands as long as the flow is not back: a leak, a fall, a meter. What is new must stand out.
    """
    known = [p for p in view.records(Problem) if p.status in OPEN]
    meters = {p.boundary: p for p in known if p.details.get("fault") in ("under_registering", "over_registering")}
    failing = {f.datastream.id for f in faults}
    judged, found, kept = [], list(faults), list(changed)
    for state in states:
        here = {p.kind for p in known if p.boundary == state.boundary.id}
        trouble = _standing(states, state, not here.isdisjoint(LEAKAGE), faults)
        falls = [p for p in kept if p.kind == "unexplained_fall" and p.boundary == state.boundary.id]
        fault = None
        told = trouble is not None or bool(falls)
        again = meters.get(state.meters.inflow[0].thing) if len(state.meters.inflow) == 1 else None
        if again is not None and (told or proportional_fault(view, states, state, told=True) is not None):
            fault = _again(view, again)
        elif here.isdisjoint((*LEAKAGE, "unexplained_fall")):
            fault = proportional_fault(view, states, state, told=told)
        if fault is not None:
            if fault.datastream.id not in failing:
                found.append(fault)
            trouble, kept = None, [p for p in kept if p not in falls]
        if trouble is None and failing.isdisjoint(state.meters.datastreams):
            trouble = find_sudden(view, state)
        judged.append(replace(state, trouble=trouble))
    return judged, found, kept


def _again(view: View, known: Problem) -> Fault:
    """The fault of a meter that people know of, as it was told."""
    stream = view.get(Datastream, str(known.details["datastream"]))
    onset = datetime.combine(known.onset or known.detected.date(), time(), tzinfo=UTC)
    se = (known.gap.high - known.gap.low) / (2 * half_width(known.gap.level))
    return Fault(
        stream, str(known.details["fault"]), onset, known.observed.value, known.expected.value, se, known.gap.unit,
        known.notes[0] if known.notes else "",
    )  # fmt: skip


def _standing(
    states: Sequence[BoundaryState], state: BoundaryState, known: bool, faults: Sequence[Fault]
) -> Trouble | None:
    """The trouble of a boundary if it is not the season's and not that of a stuck meter."""
    trouble = state.trouble
    if trouble is None or not (known or stands_out(states, state)):
        return None
    began = state.days[min(max(trouble.onset, 0), len(state.days) - 1)]
    for fault in faults:
        if fault.kind == "stuck" and fault.datastream.id in state.meters.datastreams:
            since = np.datetime64((fault.since - BEFORE_STUCK).replace(tzinfo=None), "D")
            if began.astype("datetime64[D]") >= since:
                return None
    return trouble
