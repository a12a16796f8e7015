"""Models that every test here asks; opened once, for a model keeps no state."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cityloop.engines.epanet import EpanetModel, engine

#: A Monday, 00:00.
MONDAY = datetime(2026, 4, 6, tzinfo=UTC)

#: Reservoir at 100 m, two pipes in a row, a pipe in reserve, a check valve to a dead end; DN 200, C 130.
LINE = """
[JUNCTIONS]
 A  20  10  DAY
 B  30  0
 C  30  0
[RESERVOIRS]
 R  100
[PIPES]
 P1  R  A  1000  200  130  0  Open
 P2  A  B  500   200  130  0  Open
 P3  R  B  2000  150  130  0  Closed
 CV  B  C  100   100  130  0  CV
[PATTERNS]
 DAY  0.5 1.5
[TIMES]
 Duration 0
 Hydraulic Timestep 1:00
 Pattern Timestep 12:00
[OPTIONS]
 Units LPS
 Headloss H-W
 Accuracy 0.00001
[COORDINATES]
 R 0 0
 A 1000 0
 B 1500 0
[VERTICES]
 P1 500 50
[END]
"""


@pytest.fixture(scope="session")
def ky4() -> EpanetModel:
    return engine.open(Path("wntr:ky4"))


@pytest.fixture(scope="session")
def monday() -> datetime:
    return MONDAY


@pytest.fixture(scope="session")
def open_text(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], EpanetModel]:
    """Opens a model from its text."""

    def opened(text: str) -> EpanetModel:
        path = tmp_path_factory.mktemp("model") / "line.inp"
        path.write_text(text)
        return engine.open(path)

    return opened


@pytest.fixture(scope="session")
def line(open_text: Callable[[str], EpanetModel]) -> EpanetModel:
    return open_text(LINE)


@pytest.fixture(scope="session")
def line_text() -> str:
    return LINE
