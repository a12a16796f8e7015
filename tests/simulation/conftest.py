"""A city with one small model: a reservoir, two pipes in a row and one in reserve."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cityloop.engines.epanet import engine
from cityloop.records import record_id
from cityloop.settings import ModelSettings
from cityloop.settings.city_file import LimitSettings
from cityloop.simulation import Simulation

LINE = """
[JUNCTIONS]
 A  20  10  DAY
 B  30  2
[RESERVOIRS]
 R  60
[PIPES]
 P1  R  A  1000  200  130  0  Open
 P2  A  B  500   200  130  0  Open
 P3  R  B  2000  150  130  0  Open
[PATTERNS]
 DAY  0.5 1.5
[TIMES]
 Pattern Timestep 12:00
[OPTIONS]
 Units LPS
 Headloss H-W
[END]
"""


@dataclass
class Counted:
    """A model that counts how often it is asked; cannot be sent to another process."""

    model: Any
    asked: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=lambda: (i for i in ()))

    def elements(self):
        return self.model.elements()

    def run(self, changes, **question):
        self.asked.append("run")
        return self.model.run(changes, **question)

    def states(self, changes, **question):
        self.asked.append("states")
        return self.model.states(changes, **question)

    def gradient(self, changes, **question):
        self.asked.append("gradient")
        return self.model.gradient(changes, **question)


def limit(**changes: Any) -> LimitSettings:
    given = {"id": "service", "kind": "junction", "property": "pressure_m", "minimum": None, "maximum": None,
             "unit": "m", "exempt": (), "source": "test"}  # fmt: skip
    return LimitSettings(**(given | changes))


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory):
    path: Path = tmp_path_factory.mktemp("model") / "line.inp"
    path.write_text(LINE)
    return engine.open(path)


@pytest.fixture
def counted(model) -> Counted:
    return Counted(model)


@pytest.fixture
def simulate(model) -> Callable[..., Simulation]:
    """Makes a Simulation; whatever is given as `model` or of the settings differs."""
    made = []

    def make(asked=None, *, closed=(), limits=(), **arguments):
        settings = ModelSettings(engine="epanet", file="line.inp", closed=closed, limits=limits)
        simulation = Simulation([(settings, asked or model)], city="town", **arguments)
        made.append(simulation)
        return simulation

    yield make
    for simulation in made:
        simulation.close()


@pytest.fixture(scope="session")
def limits() -> Callable[..., LimitSettings]:
    return limit


@pytest.fixture(scope="session")
def ids() -> Callable[[str, str], str]:
    return lambda kind, name: record_id("town", "thing", kind, name)


@pytest.fixture(scope="session")
def monday() -> datetime:
    return datetime(2026, 4, 6, tzinfo=UTC)
