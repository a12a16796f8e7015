"""The schedule carried out in the twin: its meters, not the model that promised it, show what it saves and what tanks do."""

import shutil
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from cityloop.city import City
from cityloop.domains.water import domain
from cityloop.records import Countermeasure, Datastream, Decision, Plan, Project, Thing, record_id

TARIFF = """
[[policy.tariff]]
band = "peak"
hours = [[14, 20]]
weekdays = [1, 2, 3, 4, 5]
price = 0.19
source = "test"
status = "assumed"

[[policy.tariff]]
band = "valley"
hours = [[22, 6]]
price = 0.06
source = "test"
status = "assumed"

[[policy.tariff]]
band = "flat"
price = 0.10
source = "test"
status = "assumed"
"""
FIRST = datetime(2026, 4, 6, 4, tzinfo=UTC)


@pytest.mark.slow
def test_schedule_when_carried_out_in_a_city_unlike_the_model_then_its_meters_show_the_saving(tmp_path):
    folder = tmp_path / "ky4"
    shutil.copytree(Path(str(files("cityloop") / "cities" / "ky4")), folder)
    text = (folder / "city.toml").read_text(encoding="utf-8").replace("sensors = 40", "sensors = 4")
    (folder / "city.toml").write_text(text + TARIFF, encoding="utf-8")
    with City.open(folder) as city:
        before, done, after = (FIRST + timedelta(days=d) for d in (30, 32, 62))
        city.take(until=before)
        city.turn(before)
        view = city.view()
        measure = next(m for m in view.records(Countermeasure) if m.kind == "pump_schedule")
        boundary = next(t for t in view.records(Thing) if t.kind == "boundary").id
        (plan,) = view.records(Plan)
        decide(city, plan.id, "approve", before)
        project = next(p for p in city.view().records(Project) if p.countermeasure == measure.id)
        for state, when in (("started", before + timedelta(days=1)), ("done", done)):
            city.take(until=when)
            cost = {"cost": "unknown"} if state == "done" else {}
            decide(city, project.id, "set", when, state=state, on=when.isoformat(), **cost)
        city.take(until=after)
        view = city.view()
        spans = ((before - timedelta(days=28), before), (done + timedelta(days=2), after))
        means = [
            float(np.nanmean(domain.series(view, "energy_cost_per_m3", boundary, start=a, end=b).y)) for a, b in spans
        ]
        details = measure.details
        promised = 1 - float(details["modelled_cost_per_m3_with"]) / float(details["modelled_cost_per_m3_without"])
        assert promised > 0.1
        assert 1 - means[1] / means[0] == pytest.approx(promised, abs=0.05)
        for stream in view.records(Datastream):
            if stream.observed_property == "water_level":
                level = view.block([stream.id], start=spans[1][0], end=after)[1]
                limit = float(details[f"limit_level_m_{view.get(Thing, stream.thing).name}"])
                assert np.nanmin(level) > limit - 0.15, stream.name
            if stream.observed_property == "water_pressure":
                assert np.nanmin(view.block([stream.id], start=spans[1][0], end=after)[1]) > 14.1


def decide(city, about, verb, when, **data):
    id = record_id(city.settings.id, "decision", about, verb, str(data.get("state", "")))
    city.decide(Decision(id=id, who="test", when=when, about=about, verb=verb, data=data))
