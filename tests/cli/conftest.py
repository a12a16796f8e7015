"""A small city with records in its store, and the command line that reads and changes it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cityloop.cli.app import app
from cityloop.records import (
    Countermeasure,
    Estimate,
    Evidence,
    Goal,
    Money,
    Plan,
    PlanLine,
    Problem,
    Project,
    RankedThing,
    Realisation,
    StateEntry,
    Thing,
    record_id,
)
from cityloop.settings import example_city_toml
from cityloop.store import Store

CITY = "my-city"
NOW = datetime(2024, 3, 1, tzinfo=UTC)
SRC = Path(__file__).parents[2] / "src"


def estimate(value: float, unit: str = "L/s") -> Estimate:
    return Estimate(value=value, low=value - 1, high=value + 1, level=0.9, unit=unit)


EVIDENCE = Evidence(datastreams=(), start=NOW - timedelta(days=30), end=NOW, as_of_seq=0, sha256="0" * 64)
DMA = record_id(CITY, "thing", "boundary", "dma-1")
DMA2 = record_id(CITY, "thing", "boundary", "dma-2")


def problem(kind: str, boundary: str, **values: Any) -> Problem:
    stated = {
        "id": record_id(CITY, "problem", kind, boundary), "domain": "water", "kind": kind, "boundary": boundary,
        "indicator": "night_flow", "observed": estimate(9.0), "expected": estimate(4.0), "gap": estimate(5.0),
        "onset": date(2026, 2, 1), "detected": NOW, "cost_per_year": estimate(1000.0, "CNY/year"), "evidence": EVIDENCE,
        "notes": ("Only an example. | 仅为示例。",),
    }  # fmt: skip
    return Problem(**{**stated, **values})


def records() -> list[Any]:
    """Two leaks and a sensor, a goal, a measure, its plan and its project."""
    area = tuple(
        RankedThing(thing=f"p{i}", name=f"P-{i}", rank=i, probability=0.05, length_m=100.0) for i in range(1, 15)
    )
    leak = problem("burst", DMA, area=area, best_place="p1")
    goal = Goal(
        id=record_id(CITY, "goal", leak.id), problem=leak.id, indicator="night_flow", boundary=DMA,
        start_value=estimate(9.0), target=estimate(5.0), due=date(2027, 3, 1), datastreams=(), method="before_after/1",
        level=0.9, days_before=56, days_after=56, settling_days=1, smallest_effect=0.9, unit="L/s", policy="own",
    )  # fmt: skip
    rate = Realisation(
        kind="survey_and_repair", estimate=estimate(0.8, "1"), studies=0, source="", status="unconfirmed"
    )
    measure = Countermeasure(
        id=record_id(CITY, "countermeasure", "survey", DMA), domain="water", kind="survey_and_repair",
        title_en="Survey [and] repair", title_zh="检漏并修复", boundary=DMA, targets=(DMA,), changes=(),
        answers=(leak.id,), effects=(), costs=(), realisation=rate,
    )  # fmt: skip
    plan_id = record_id(CITY, "plan", "2026")
    project = Project(
        id=record_id(CITY, "project", measure.id), countermeasure=measure.id, plan=plan_id, boundary=DMA,
        name="Survey | 检漏", states=(StateEntry(state="proposed", on=NOW, by="plan"),),
    )  # fmt: skip
    money = Money(amount=5000.0, currency="CNY", price_year=2026)
    line = PlanLine(
        countermeasure=measure.id, project=project.id, year=2026, cost=money,
        net_present_value=estimate(900.0, "CNY (2026)"),
    )  # fmt: skip
    plan = Plan(
        id=plan_id, years=(2026, 2027), budget=(money, money), lines=(line,), rejected={}, discount_rate=0.03,
        objective=estimate(900.0, "CNY (2026)"), bound=900.0, gap=0.0, stopped_by="optimal",
    )  # fmt: skip
    things = [Thing(id=id, kind="boundary", name=name) for id, name in ((DMA, "dma-1"), (DMA2, "dma-2"))]
    return [
        *things, leak, problem("growing_leakage", DMA2), problem("failing_sensor", DMA2, cost_per_year=None), goal,
        measure, plan, project,
    ]  # fmt: skip


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A city folder whose definition is without fault, with no data yet."""
    folder = tmp_path / "city"
    (folder / "flow").mkdir(parents=True)
    (folder / "city.toml").write_text(example_city_toml(), encoding="utf-8")
    (folder / "flow" / "a.csv").write_text("time,East,West register\n2024-01-01 00:00,4.0,100\n", encoding="utf-8")
    return folder


@pytest.fixture
def city(bare: Path) -> Path:
    """The city with its records."""
    with Store.open(bare / "data") as store:
        store.put(records())
    return bare


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Answer]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a verb in this process, in English unless --lang says otherwise."""
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")

    def run(*words: object) -> Answer:
        found = CliRunner().invoke(app, [str(w) for w in words], prog_name="cityloop")
        assert "Traceback" not in found.output
        return Answer(found.exit_code, found.stdout, found.stderr)

    return run


def start(*words: object, **options: Any) -> "subprocess.Popen[str]":
    """`cityloop` as a process of its own, without a terminal."""
    env = {**os.environ, "PYTHONPATH": str(SRC), "LANG": "en_US.UTF-8", "LC_ALL": ""}
    return subprocess.Popen(
        [sys.executable, "-m", "cityloop", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, encoding="utf-8", env=env,
        **options,
    )  # fmt: skip


@pytest.fixture
def process() -> Cli:
    """Run a verb as a process of its own."""

    def run(*words: object) -> Answer:
        with start(*words) as running:
            out, err = running.communicate(timeout=300)
        assert "Traceback" not in out + err
        return Answer(running.returncode, out, err)

    return run
