"""Figures of the demo's report, computed again from its exported observations and decisions."""

import json
import random
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cityloop.city import City
from cityloop.contracts import Arrival
from cityloop.records import Baseline, Datastream, Decision, Sensor, from_json
from cityloop.report import resolve, write_report

pytestmark = pytest.mark.slow
ZONE = ZoneInfo("America/Kentucky/Louisville")
FIGURE = re.compile(r'data-ref="([^"]+)"\s+data-value="([^"]*)"')


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished demo with its export beside the report."""
    out = tmp_path_factory.mktemp("demo") / "out"
    for verb in (["demo", "--no-serve", "--out", str(out)], ["export", str(out / "city"), str(out / "export")]):
        done = subprocess.run([sys.executable, "-m", "cityloop", *verb], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return out


def figures(report: Path) -> dict[str, str]:
    return dict(FIGURE.findall(report.read_text(encoding="utf-8")))


def test_ten_figures_when_turns_are_run_again_on_exported_observations_then_they_come_out_equal(
    demo: Path, tmp_path: Path
) -> None:
    export, folder = demo / "export", tmp_path / "again"
    folder.mkdir()
    shutil.copy(demo / "city" / "city.toml", folder)
    lines = (export / "record.jsonl").read_text(encoding="utf-8").splitlines()
    records = [from_json(json.dumps(json.loads(line)["record"])) for line in lines]
    turns = [json.loads(line) for line in (export / "turn.jsonl").read_text(encoding="utf-8").splitlines()]
    table = pq.read_table(export / "observation.parquet").sort_by("seq")
    streams = tuple(r for r in records if isinstance(r, Datastream))
    sensors = tuple(r for r in records if isinstance(r, Sensor))
    number = {s.id: i for i, s in enumerate(streams)}
    frozen = max(r.evidence.as_of_seq for r in records if isinstance(r, Baseline))
    with City.open(folder) as city:
        city.define()

        def take(after: int, to: int) -> None:
            rows = table.filter(pc.and_(pc.greater(table["seq"], after), pc.less_equal(table["seq"], to)))
            numbers = pa.array([number[d] for d in rows["datastream"].to_pylist()], pa.int32())
            batch = rows.drop_columns(["seq"]).set_column(0, "datastream", numbers)
            city.store.take(Arrival(datastreams=streams, batch=batch, records=sensors, source="export"))

        first, last = sorted(turns, key=lambda t: t["now"])
        take(0, first["as_of_seq"])
        city.turn(datetime.fromisoformat(first["now"]))
        take(first["as_of_seq"], frozen)
        for decision in (r for r in records if isinstance(r, Decision)):
            city.decide(decision)
        take(frozen, last["as_of_seq"])
        now = datetime.fromisoformat(last["now"])
        city.turn(now)
        _, loop = write_report(city, tmp_path / "report", now=now)
    again = json.loads(loop.read_text(encoding="utf-8"))
    derived = (
        "#gap",
        "#observed",
        "#expected",
        "#measured",
        "#claimed",
        "_flow[",
        "demand[",
        "pressure[",
        "#lines",
        "#area",
    )
    shown = {ref: value for ref, value in figures(demo / "report.html").items() if any(d in ref for d in derived)}
    assert len(shown) > 100
    chosen = random.Random(20261125).sample(sorted(shown), 10) + [r for r in shown if "#measured" in r or "#gap" in r]
    for ref in chosen:
        value = resolve(again, ref)
        if isinstance(value, int | float):
            assert float(shown[ref]) == pytest.approx(value, rel=1e-9, abs=1e-12), ref
        else:
            assert shown[ref] in (value, json.dumps(value)), ref


def test_night_flow_when_balanced_by_hand_from_exported_rows_then_it_is_the_reports(demo: Path) -> None:
    loop = json.loads((demo / "loop.json").read_text(encoding="utf-8"))
    rows = pq.read_table(demo / "export" / "observation.parquet").to_pandas()
    rows = rows.sort_values("seq").drop_duplicates(["datastream", "time", "variant"], keep="last")
    name = {d["id"]: d["name"] for d in loop["Datastream"]}
    rows["name"] = rows.datastream.map(name)
    wide = rows.pivot(index="time", columns="name", values="value").asfreq("h")
    pumped = wide[[c for c in wide if c.startswith("twin/water_flow/")]].sum(axis=1, skipna=False)
    stored = sum(
        wide[f"twin/water_level/{tank}"].diff().shift(-1) * area / 3.6
        for tank, area in (("T-3", 141.26), ("T-4", 357.53))
    )
    demand = pumped - stored
    demand.index = demand.index.tz_convert(ZONE)
    night = demand[(demand.index.hour >= 1) & (demand.index.hour < 5)]
    daily = night.groupby(night.index.date).agg(["mean", "count"])
    whole = daily[daily["count"] == 4]["mean"]
    shown = {
        ref.partition("[")[2].rstrip("]"): float(value)
        for ref, value in figures(demo / "report.html").items()
        if "#night_flow[" in ref
    }
    days = [d for d in whole.index if d.isoformat() in shown]
    assert len(days) > 150
    differences = [abs(whole[d] - shown[d.isoformat()]) for d in days]
    assert np.mean(np.array(differences) < 1e-6) > 0.97  # the others hold a bridged or stuck level
    assert pd.Series(differences).median() < 1e-9
