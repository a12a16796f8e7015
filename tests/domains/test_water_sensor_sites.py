"""The next pressure loggers: on a line of pipes by hand, without a model, for the money, and against leaks run for real."""

import shutil
from datetime import UTC, datetime
from importlib.resources import files
from itertools import islice

import numpy as np
import pytest

from cityloop.contracts import PlacesSensors, Result
from cityloop.domains.water import domain
from cityloop.domains.water.meters import sensor_sites as sites
from cityloop.evidence.siting import choose
from cityloop.records import Datastream, Estimate, Evidence, Problem, Relation, Thing

NOW = datetime(2025, 6, 1, tzinfo=UTC)
JUNCTIONS, PIPE_M, HEAD_M_PER_L_PER_S = 12, 300.0, 0.02


class Line:
    """Junctions in a row, fed before the first: a leak at j lowers the head at i by min(i, j) + 1 pipes' worth."""

    def __init__(self, index):
        self.index = index

    def run(self, changes, *, start, steps, step_s, outputs, drivers=None):
        return Result(np.arange(steps).astype("datetime64[h]"), step_s, {o: np.full(steps, 20.0) for o in outputs}, ())

    def gradient(self, changes, *, inputs, values, outputs, sources):
        i, j = (np.array([self.index[thing] for thing, _ in asked]) for asked in (outputs, sources))
        return -HEAD_M_PER_L_PER_S * (np.minimum(i[:, None], j[None]) + 1.0)


@pytest.fixture
def line(memory_view, ids):
    """A view of the line with loggers at some junctions, and its simulator."""

    def build(loggers=(), *, network=True, records=()):
        net, zone = ids("network", "network"), ids("boundary", "zone")
        relations = (Relation(kind="network", thing=net),) if network else ()
        junctions = [Thing(id=ids("junction", f"J-{i}"), kind="junction", name=f"J-{i}") for i in range(JUNCTIONS)]
        pipes = [
            Thing(
                id=ids("pipe", f"P-{i}"), kind="pipe", name=f"P-{i}", properties={"length_m": PIPE_M},
                relations=(
                    Relation(kind="start", thing=ids("junction", f"J-{i}")),
                    Relation(kind="end", thing=ids("junction", f"J-{i + 1}")),
                ),
            )
            for i in range(JUNCTIONS - 1)
        ]  # fmt: skip
        streams = [
            Datastream(
                id=f"s{i}", name=f"s{i}", thing=ids("junction", f"J-{i}"), sensor="", observed_property="water_pressure",
                unit="m", statistic="mean", step_s=3600,
            )
            for i in loggers
        ]  # fmt: skip
        things = (Thing(id=zone, kind="boundary", name="zone", relations=relations), *junctions, *pipes, *streams)
        values = {s.id: np.full(24, 30.0) for s in streams}
        index = {j.id: i for i, j in enumerate(junctions)}
        return memory_view((*things, *records), values, NOW), Line(index)

    return build


def names(view, found):
    return [view.get(Thing, s.thing).name for s in found.sites]


def test_first_site_when_pipes_form_a_line_then_it_is_the_far_end(line):
    view, simulator = line()
    found = domain.sensor_sites(view, simulator, count=1)
    assert names(view, found) == [f"J-{JUNCTIONS - 1}"]  # only there does every leak look different
    assert found.standing == 0
    # Without a logger the middle is named: of a line the mean distance to its middle is a quarter of its length.
    length = (JUNCTIONS - 1) * PIPE_M
    assert found.apart.value == pytest.approx(length / 4, rel=0.1)
    assert found.search.value == pytest.approx(length / 2 / 1000, rel=0.1)
    assert found.sites[0].search.value < 0.6 * found.search.value


def test_sites_when_loggers_stand_then_they_are_counted_and_not_proposed_again(line):
    view, simulator = line(loggers=(JUNCTIONS - 1, 3))
    found = domain.sensor_sites(view, simulator, count=20)
    assert found.standing == 2
    assert sorted(names(view, found)) == sorted(f"J-{i}" for i in range(JUNCTIONS) if i not in (3, JUNCTIONS - 1))
    assert any("No junction is left" in n for n in found.notes)
    assert found.search.value < domain.sensor_sites(*line(), count=0).search.value


def test_sites_when_asked_twice_then_the_same_and_each_estimate_holds_its_value(line):
    view, simulator = line()
    first, again = (domain.sensor_sites(view, simulator, count=3) for _ in range(2))
    assert first == again
    saved = [s.saved.value for s in first.sites]
    assert first.search.value - sum(saved) == pytest.approx(first.sites[-1].search.value)
    assert all(" | " in n for n in first.notes)


def test_worth_when_prices_are_stated_then_it_is_the_searching_saved_in_a_life(line):
    view, simulator = line()
    (site,) = domain.sensor_sites(view, simulator, count=1).sites
    life, searches, per_km = (domain.priors[k].value for k in ("sensor_years", "searches_per_year", "survey_per_km"))
    rate = view.policy.discount_rate
    present = sum(site.saved.value * per_km * searches / (1 + rate) ** year for year in range(1, int(life) + 1))
    assert site.worth.amount == pytest.approx(present)


def test_searches_when_leaks_were_seen_then_they_are_counted(line, ids):
    one = Estimate(value=1.0, low=0.5, high=1.5, level=0.9, unit="L/s")
    known = Problem(
        id="p", domain="water", kind="burst", boundary=ids("boundary", "zone"), indicator="night_flow", observed=one,
        expected=one, gap=one, onset=NOW.date(), detected=NOW, cost_per_year=None, details={"steps": 3.0},
        evidence=Evidence(datastreams=(), start=NOW, end=NOW, as_of_seq=1, sha256="0" * 64),
    )  # fmt: skip
    view, simulator = line(records=(known,))
    value, _, status = domain.sensor_sites(view, simulator, count=1).assumed["searches_per_year"]
    assert (value, status) == (domain.priors["searches_per_year"].value, "assumed")  # no flow was ever observed
    flow = Datastream(
        id="f", name="f", thing=ids("boundary", "zone"), sensor="", observed_property="water_flow", unit="L/s",
        statistic="mean", step_s=3600,
    )  # fmt: skip
    view = view.with_(things=(*view.things, flow), streams={**view.streams, "f": np.full(24 * 140, 5.0)})
    value, source, status = domain.sensor_sites(view, simulator, count=1).assumed["searches_per_year"]
    assert (value, status) == (3.0, "given")  # in less than a year: no more than were seen
    assert "140 days" in source


@pytest.mark.parametrize(
    ("network", "model", "word"), [(True, False, "no network model"), (False, True, "names no network")]
)
def test_sites_when_something_is_missing_then_it_is_said_in_both_languages(line, network, model, word):
    view, simulator = line(network=network)
    found = domain.sensor_sites(view, simulator if model else None, count=3)
    assert found.sites == () and found.apart is None
    (note,) = found.notes
    english, chinese = note.split(" | ")
    assert word in english and any("\u4e00" <= c <= "\u9fff" for c in chinese)
    assert found.price is not None  # the money can be turned into sensors all the same


def test_domain_when_it_places_sensors_then_it_is_of_the_protocol():
    assert isinstance(domain, PlacesSensors)


def test_sites_when_leaks_are_run_on_another_network_then_they_beat_the_farthest_points_and_chance(tmp_path):
    """Emitters on a network whose pipes and demands differ (10 % and 20 %), 60 places drawn by length of pipe."""
    from cityloop.city import City
    from cityloop.domains.water.balance import boundaries, network_of
    from cityloop.domains.water.network import read_network
    from cityloop.records import Change

    shutil.copytree(str(files("cityloop.cities") / "ky4"), tmp_path / "ky4")
    with City.open(tmp_path / "ky4") as city:
        city.define()
        view, simulator, rng = city.view(NOW), city.simulator, np.random.default_rng(5)
        (zone,), _ = sites.read_zones(view, simulator)
        network = read_network(view, zone.boundary, boundaries(view))
        inputs, states = sites._usual_states(view, simulator, network_of(view, zone.boundary))
        true = [
            Change(thing=p.id, property=what, value=float(np.exp(0.1 * rng.standard_normal())))
            for p in network.pipes
            for what in ("diameter_factor", "roughness_factor")
        ]
        true += [
            Change(thing=n.id, property="demand_factor", value=float(np.exp(0.2 * rng.standard_normal())))
            for n in network.nodes[: network.junction_count]
        ]
        weights = network.junction_weights_m()
        truth = rng.choice(len(weights), 60, p=weights / weights.sum())
        heads = [(n.id, "head_m") for n in zone.candidates]
        asked = [*heads, *((network.nodes[i].id, "pressure_m") for i in truth)]
        before = simulator.states(true, inputs=inputs, values=states, outputs=asked)
        shifts = []
        for i, pressure in zip(truth, before[:, len(heads) :].mean(axis=0), strict=True):
            leak = Change(
                thing=network.nodes[i].id, property="leak_coefficient", value=float(4.0 / np.sqrt(max(pressure, 5.0)))
            )
            after = simulator.states([*true, leak], inputs=inputs, values=states, outputs=heads)
            shifts.append(after - before[:, : len(heads)])
        seen = np.stack(shifts, axis=2).transpose(1, 0, 2)
        seen = seen + 0.01 * rng.standard_normal(seen.shape)
        places = [network.index[n.id] for n in zone.candidates]
        distance = network.distance_m[np.ix_(places, truth)]

    def metres(loggers):
        named = np.argmin(sites.chances(zone, loggers, seen[loggers]) @ zone.distance_m, axis=1)
        return float(distance[named, np.arange(len(truth))].mean())

    order = choose(zone.response, distance=zone.distance_m, weights=zone.length_m, telling=sites.TELLING)
    ours = metres([i for i, _ in islice(order, 10)])
    farthest = [int(np.argmin(zone.distance_m.sum(axis=1)))]
    while len(farthest) < 10:
        farthest.append(int(np.argmax(zone.distance_m[farthest].min(axis=0))))
    chance = [metres([int(i) for i in rng.permutation(len(zone.length_m))[:10]]) for _ in range(10)]
    assert ours < 0.9 * metres(farthest)
    assert ours < 0.8 * float(np.mean(chance))
