"""A power city without a grid model: a meter and a rating from the register carry the loop; the extra is not needed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cityloop.city import City
from cityloop.records import Countermeasure, Filter, Plan, Problem, Thing

NOW = datetime(2026, 2, 1, tzinfo=UTC)
WHO = Filter.operator()
TOWN = """
[city]
id = "stationtown"
name = { en = "Station Town (made up)", zh = "台区镇（虚构）" }
country = "CN"
timezone = "UTC"
crs = "local"

[[boundary]]
id = "feeder-1"
name = "Feeder 1"

[[thing]]
ref = "transformer:T-1"
properties = { sn_kva = { value = 400, source = "nameplate", status = "given" } }

[[source]]
kind = "file"
name = "stations"
path = "stations.csv"
simulated = true
time = { column = "time", zone = "UTC" }
series = [
  { column = "T-1", thing = "transformer:T-1", property = "power", unit = "kW", statistic = "mean", step_s = 3600 },
]

[policy]
currency = "CNY"
price_year = 2026
years = 3
budget_per_year = 300000
due_days = 90
binding_norm = "cn"
discount_rate = { value = 0.03, source = "made up", status = "assumed" }
targets = { transformer_loading = 1.0 }

[policy.prices]
energy_above_rating_per_kwh = { value = 8.0, source = "made up", status = "assumed" }
transformer_each = { value = 60000.0, source = "made up", status = "assumed" }
transformer_per_kva = { value = 100.0, source = "made up", status = "assumed" }
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    hours = [NOW - timedelta(days=60) + timedelta(hours=i) for i in range(60 * 24)]
    rows = [f"{t:%Y-%m-%d %H:%M},{456 if t.hour in (18, 19) else 300}" for t in hours]
    (tmp_path / "stations.csv").write_text("\n".join(["time,T-1", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "city.toml").write_text(TOWN, encoding="utf-8")
    return tmp_path


def test_turn_with_a_stated_rating_and_no_model_then_problem_and_plan_by_the_ratings(town: Path) -> None:
    with City.open(town) as city:
        city.take(until=NOW)
        city.turn(NOW)
        station = next(t for t in city.store.records(Thing, WHO) if t.kind == "transformer")
        assert station.properties == {"sn_kva": 400.0, "sn_kva_source": "nameplate", "sn_kva_status": "given"}
        (problem,) = city.store.records(Problem, WHO)
        assert problem.boundary == station.id and problem.observed.value == pytest.approx(120)  # 456 / 0.95 / 400
        measures = {m.id: m for m in city.store.records(Countermeasure, WHO)}
        assert sorted(m.title_zh for m in measures.values()) == [
            "配变 T-1 由 400 kVA 增容至 500 kVA",
            "配变 T-1 由 400 kVA 增容至 630 kVA",
        ]
        assert {m.details["basis"] for m in measures.values()} == {"ratings: no model"}
        (plan,) = city.store.records(Plan, WHO)
        assert [measures[line.countermeasure].details["new_kva"] for line in plan.lines] == [500.0]


def test_turn_without_a_rating_then_no_problem_is_guessed(town: Path) -> None:
    text = TOWN.replace("sn_kva = {", "poles = {")
    (town / "city.toml").write_text(text, encoding="utf-8")
    with City.open(town) as city:
        city.take(until=NOW)
        city.turn(NOW)
        assert city.store.records(Problem, WHO) == ()
