"""Runs over time: EPANET's own events inside every step, flows and powers integrated over them.

A pump that switches inside the hour counts with the minutes it ran: means over a step are exact, which the balance of
tanks needs (flow that is sampled once per step is not good enough). States are read at the start of the step.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from cityloop.contracts import Floats, Output, Progress
from cityloop.engines.epanet.apply import Hand
from cityloop.engines.epanet.course import course_of_run
from cityloop.engines.epanet.demands import RunDemands
from cityloop.engines.epanet.network import Network
from cityloop.engines.epanet.reading import Reader, refuse_absurd
from cityloop.engines.epanet.toolkit import WARNINGS, Option, Project
from cityloop.errors import EngineError
from cityloop.records import Change

__all__ = ["report_warnings", "run"]

LOG = logging.getLogger(__name__)
#: EPANET's relative change of flow at which a solution counts as found; a laxer one in the file is tightened.
ACCURACY = 1e-4
#: Warning codes after which the numbers themselves are in doubt; the others tell of the network.
UNSOLVED = (1, 2)
#: How many times the progress callback is called in a run.
CALLS = 100


def run(
    network: Network, text: bytes, changes: Sequence[Change], *, start: datetime, steps: int, step_s: int,
    drivers: Mapping[Output, Floats], outputs: Sequence[Output], progress: Progress | None,
) -> Floats:  # fmt: skip
    """See `EpanetModel.run`."""
    if steps < 1 or step_s < 1:
        raise EngineError(
            "A run needs at least one step of one second.", where=network.name, got=f"{steps} x {step_s} s"
        )
    targets = [network.readable(output) for output in outputs]
    course = course_of_run(network, changes, drivers, start=start, steps=steps, step_s=step_s)
    clock_s = start.weekday() * 86_400 + start.hour * 3600 + start.minute * 60 + start.second
    answer = np.full((steps, len(targets)), np.nan)
    with Project(text, name=network.name) as project:
        project.call_demand_driven()
        project.set_option(Option.ACCURACY, min(network.accuracy, ACCURACY))
        demands = RunDemands(project, network, course, steps, step_s, clock_s)
        hand = Hand(project, network, course, steps)
        reader = Reader(project, network, targets, hand.leaks)
        project.open_solver()
        mean = np.zeros(len(reader.flows))
        row, now = 0, 0
        while True:
            if now == row * step_s:
                if row and progress is not None and (row == steps or row * CALLS // steps > (row - 1) * CALLS // steps):
                    progress(row / steps, "epanet")
                if row == steps:
                    break
                hand.set_row(row)
                demands.set_row(row)
                at_start = True
            hand.hold()
            project.solve()
            if at_start:
                answer[row, reader.state_columns] = reader.read_states()
                reader.set_leaks(row)
                mean[:] = 0.0
                at_start = False
            flows = reader.read_flows()
            passed = project.advance()
            if passed <= 0 or now + passed > (row + 1) * step_s:
                raise EngineError("EPANET left the step.", where=f"{network.name}, {now} s after the start", got=passed)
            mean += flows * passed
            now += passed
            if now == (row + 1) * step_s:
                answer[row, reader.flow_columns] = mean / step_s
                row += 1
        answer[:, reader.total_columns] = demands.total[:, None]
    report_warnings(project, network)
    refuse_absurd(network, targets, answer)
    return answer


def report_warnings(project: Project, network: Network) -> None:
    """One line of the log per kind of warning of the engine."""
    for code, count in project.warnings.items():
        if count:
            level = logging.WARNING if code in UNSOLVED else logging.INFO
            LOG.log(level, "%s: %s (%d times)", network.name, WARNINGS.get(code, f"EPANET warning {code}"), count)
