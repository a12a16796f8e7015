"""What a leak does to the loggers where head loss grows faster than flow: a chain of pipes whose answer is known by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from cityloop.domains.water.leaks.calibration import States
from cityloop.domains.water.leaks.response import Response, leak_response
from cityloop.domains.water.network import PipeNetwork
from cityloop.records import Relation, Thing

RESISTANCE, POWER = np.array([0.001, 0.004, 0.02, 0.05]), 1.852
SHARE = np.array([0.4, 0.3, 0.2, 0.1])


class Chain:
    """Tank - J0 - J1 - J2 - J3; pipe i ends at Ji with loss r q^1.852; junctions draw SHARE of the demand. Heads fall by it."""

    def flows(self, demand, leaks):
        return np.cumsum((demand * SHARE + leaks)[::-1])[::-1]

    def heads(self, demand, leaks):
        return 50.0 - np.cumsum(RESISTANCE * self.flows(demand, leaks) ** POWER)

    def states(self, changes, *, inputs, values, outputs):
        rows = []
        for (demand,) in values:
            flows, heads = self.flows(demand, np.zeros(4)), [*self.heads(demand, np.zeros(4)), 50.0]
            given = {"flow_l_per_s": flows, "head_m": heads}
            rows.append([given[prop][int(thing[1:])] for thing, prop in outputs])
        return np.array(rows)

    def gradient(self, changes, *, inputs, values, outputs, sources):
        slope = np.cumsum(POWER * RESISTANCE * self.flows(values[0], np.zeros(4)) ** (POWER - 1))
        return np.array([[-slope[min(int(o[1:]), int(s[1:]))] for s, _ in sources] for o, _ in outputs])


@pytest.fixture
def response():
    """The response of two loggers, at J1 and J3, at one hour's demand of 10 L/s."""
    nodes = tuple(Thing(id=f"j{i}", kind="junction", name=f"J{i}") for i in range(4))
    tank = Thing(id="j4", kind="tank", name="T")
    ends = np.array([[4, 0], [0, 1], [1, 2], [2, 3]])
    pipes = tuple(
        Thing(id=f"p{i}", kind="pipe", name=f"P{i}", relations=(Relation(kind="end", thing=f"j{i}"),)) for i in range(4)
    )
    network = PipeNetwork((*nodes, tank), 4, pipes, ends, np.full(4, 100.0))
    hours = SimpleNamespace(inputs=(("net", "demand_l_per_s"),), demand=0, values=np.full((5, 1), 10.0))
    states = States(np.array([[10.0]]), np.ones((5, 1)))
    loggers = [SimpleNamespace(thing="j1"), SimpleNamespace(thing="j3")]
    return leak_response(Chain(), network, hours, states, loggers, [])


@pytest.mark.parametrize("leak", [0.5, 4.0, 10.0])
@pytest.mark.parametrize("place", [1, 2, 3])
def test_fall_when_a_leak_is_large_then_it_is_what_the_full_flow_loses(response, leak, place):
    chain = Chain()
    leaks = np.zeros(4)
    leaks[place] = leak
    fall = chain.heads(10.0, np.zeros(4)) - chain.heads(10.0, leaks)
    straight = -leak * chain.gradient([], inputs=[], values=[10.0], outputs=[("j3", "")], sources=[(f"j{place}", "")])
    found = response[1].at(leak)[:, place]
    assert found == pytest.approx(fall[[1, 3]], rel=1e-6)
    if leak == 10.0 and place == 3:
        assert fall[3] > 2 * float(straight[0, 0])


def test_course_when_every_hour_is_alike_then_it_is_level(response):
    assert response[0] == pytest.approx(np.ones(5))


def test_at_when_between_two_flows_then_it_lies_between(response):
    table = response[1]
    assert (table.at(2.0) >= table.at(1.5) - 1e-12).all() and (table.at(2.0) <= table.at(4.0) + 1e-12).all()


def test_at_when_beyond_the_table_then_in_proportion():
    table = Response(np.array([1.0, 2.0]), np.array([[[0.1]], [[0.4]]]))
    assert table.at(4.0)[0, 0] == pytest.approx(0.8) and table.at(0.5)[0, 0] == pytest.approx(0.05)
