"""Steady states, one per row of inputs, in one open project."""

from collections.abc import Iterator, Sequence

import numpy as np

from cityloop.contracts import Floats, Output
from cityloop.engines.epanet.apply import Hand
from cityloop.engines.epanet.course import course_of_rows
from cityloop.engines.epanet.demands import RowDemands
from cityloop.engines.epanet.network import Network
from cityloop.engines.epanet.reading import Reader, refuse_absurd
from cityloop.engines.epanet.run import report_warnings
from cityloop.engines.epanet.toolkit import Option, Project
from cityloop.records import Change

__all__ = ["Steady", "states"]

#: Each state starts from the last one's flows; this accuracy keeps what is left of it below 0.1 mm of head.
ACCURACY = 1e-5


class Steady:
    """An open project on which steady states are solved row by row."""

    def __init__(
        self, project: Project, network: Network, changes: Sequence[Change], inputs: Sequence[Output], values: Floats
    ) -> None:
        self.project, self.rows = project, len(values)
        self.course = course_of_rows(network, changes, inputs, values)
        project.set_option(Option.ACCURACY, min(network.accuracy, ACCURACY))
        project.call_demand_driven()
        self.demands = RowDemands(project, network, self.course, self.rows)
        self.hand = Hand(project, network, self.course, self.rows)
        self.total = self.demands.total
        project.open_solver()

    def solve(self) -> Iterator[int]:
        """Solve row after row; what the project holds in between is that row's state."""
        for row in range(self.rows):
            if row:
                self.project.reset()
            self.hand.set_row(row)
            self.hand.set_again()
            self.demands.set_row(row)
            self.project.solve()
            yield row


def states(
    network: Network, text: bytes, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats,
    outputs: Sequence[Output],
) -> Floats:  # fmt: skip
    """See `EpanetModel.states`."""
    values = np.asarray(values, np.float64)
    targets = [network.readable(output) for output in outputs]
    answer = np.full((len(values), len(targets)), np.nan)
    with Project(text, name=network.name) as project:
        steady = Steady(project, network, changes, inputs, values)
        reader = Reader(project, network, targets, steady.hand.leaks)
        for row in steady.solve():
            answer[row, reader.state_columns] = reader.read_states()
            reader.set_leaks(row)
            answer[row, reader.flow_columns] = reader.read_flows()
        answer[:, reader.total_columns] = steady.total[:, None]
    report_warnings(project, network)
    refuse_absurd(network, targets, answer)
    return answer
