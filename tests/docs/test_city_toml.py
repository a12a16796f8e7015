"""docs/city-toml.md names every key that settings/ asks for, and no other."""

import re
from pathlib import Path

from cityloop.settings import example_city_toml, load_city
from cityloop.settings.faults import Table

PAGE = Path(__file__).parents[2] / "docs" / "city-toml.md"
STATED = "Numbers with their source"
MORE = """
[[model]]
engine = "epanet"
file = "wntr:ky4"
closed = ["P-1"]
limit = [{ id = "p", kind = "junction", property = "pressure_m", minimum = 1, unit = "m", source = "test" }]

[[boundary]]
id = "dma-3"
name = "Third"
network = "wntr:ky4"
storage = [{ thing = "tank:T-1", area_m2 = 10.0 }]

[[source]]
kind = "twin"
seed = 1
sensors = 2
start = 2026-01-01

[[source]]
kind = "file"
name = "long"
path = "long.csv"
layout = "long"
id_column = "id"
value_column = "value"
time = { column = "time", offset_in_text = true }
series = [{ id = "*", thing = "meter:{id}", property = "water_flow", unit = "L/s", step_s = 60 }]
"""

POSITIONS = """
[[positions]]
path = "loggers.csv"
crs = "EPSG:4326"
id_column = "logger"
x = "lon"
y = "lat"
"""

THING = """
[[thing]]
ref = "transformer:T-1"
properties = { sn_kva = { value = 400, source = "nameplate", status = "given" } }
"""

REGISTER = """
[[register]]
path = "pipes.csv"
id_column = "pipe"
thing = "pipe:{id}"
texts = { material = "material" }
"""

REQUESTS = """
[[requests]]
path = "orders.xlsx"
limits = { source = "test", help = 7 }
"""

BILLING = """
[[billing]]
name = "billed"
path = "billed.csv"
from = "from"
to = "to"
last_day = "included"
volume = "volume"
class = "class"
classes = { home = "billed_metered" }

[balance]
frost_depth_m = { value = 0.1, source = "test", status = "given" }
"""

SUPPLY = """
[[supply]]
id = "well"
name = "Well"
kind = "ground"
capacity_m3_per_day = { value = 100, source = "test", status = "given" }
storage = "reservoir_storage:R"
full_storage_m3 = { value = 100, source = "test", status = "given" }

[drought]
lead_days = { value = 10, source = "test", status = "given" }
"""

LIMIT = """
[[policy.limit]]
id = "crew_days"
amount = 120
unit = "crew-day"
per = "year"
source = "test"
"""

TARIFF = """
[[policy.tariff]]
band = "valley"
hours = [[23, 7]]
months = [1, 2]
weekdays = [1, 2]
price = 0.3
source = "test"
status = "assumed"

[[policy.tariff]]
band = "flat"
price = 0.6
source = "test"
status = "assumed"
"""


def _on_page() -> set[tuple[str, str]]:
    """(section, key) of every row."""
    found, section = set(), ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:].strip("`[]")
        elif row := re.match(r"\| `(\w+)` \|", line):
            assert line.count("|") >= 6, line
            found.add((section, row[1]))
    return found


def _asked(folder: Path, monkeypatch) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    close = Table.close

    def note(self: Table) -> None:
        path = re.sub(r"\[\d+\]", "", self.path)
        section = STATED if {"value", "status"} <= self.asked else path
        found.update((section, key) for key in self.asked if path)
        close(self)

    monkeypatch.setattr(Table, "close", note)
    (folder / "city.toml").write_text(
        example_city_toml().replace(
            "[policy]", MORE + POSITIONS + REGISTER + THING + REQUESTS + BILLING + SUPPLY + "\n[policy]", 1
        )
        + LIMIT
        + TARIFF,
        encoding="utf-8",
    )
    load_city(folder)
    return found


def test_city_toml_page_when_compared_with_what_settings_ask_then_every_key_stands_there_and_no_other(
    tmp_path, monkeypatch
):
    asked, page = _asked(tmp_path, monkeypatch), _on_page()
    assert sorted(asked - page) == []
    assert sorted(page - asked) == []
    assert len(asked) > 70
