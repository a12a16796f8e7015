"""The example city 示例片区: its folder, its files, its handover to the twin, and the script that makes it."""

import csv
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.city import City
from cityloop.cli.examine import examine
from cityloop.records import Datastream, Filter, Problem, Relation, Thing, record_id
from cityloop.settings import load_city

ROOT = Path(__file__).parents[2]
FOLDER = Path(str(files("cityloop") / "cities" / "example-cn"))
SHANGHAI = ZoneInfo("Asia/Shanghai")
HANDOVER = datetime(2026, 6, 29, tzinfo=SHANGHAI)
WHO = Filter.operator()
TABLES = ("进水总表", "泵站电量", "测压点压力", "测压点位置", "管线台账", "节点台账", "建筑物", "售水量")


@pytest.fixture(scope="module")
def taken(tmp_path_factory) -> Path:
    """A copy of the folder that has taken its files and four days of the twin."""
    folder = tmp_path_factory.mktemp("example") / "city"
    shutil.copytree(FOLDER, folder)
    with City.open(folder) as city:
        city.take(until=HANDOVER + timedelta(days=4))
    return folder


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="gb18030", newline="") as file:
        return list(csv.DictReader(file))


# --- the folder --------------------------------------------------------------------------------------------------
def test_folder_when_examined_then_no_fault_and_no_shift(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "city")
    findings = examine(tmp_path / "city", now=datetime(2026, 7, 1, tzinfo=UTC))
    assert [f.text.zh for f in findings if f.level == "fault"] == []
    assert any("测压点位置.csv" in f.text.zh and "相符" in f.text.zh for f in findings)


def test_folder_when_weighed_then_it_is_small_and_every_file_is_explained():
    names = sorted(p.name for p in FOLDER.iterdir() if p.name != "data")
    assert sum((FOLDER / n).stat().st_size for n in names) < 3_000_000
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [n for n in names if n != "README.md" and text.count(f"`{n}`") < 2] == []


@pytest.mark.parametrize("name", TABLES)
def test_table_when_read_as_gb18030_then_it_has_chinese_headers_and_is_no_utf8(name):
    content = (FOLDER / f"{name}.csv").read_bytes()
    assert any("一" <= letter <= "鿿" for letter in content.decode("gb18030").splitlines()[0])
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")


def test_names_when_looked_at_then_they_say_made_up():
    city = load_city(FOLDER)
    assert all("虚构" in n for n in (city.name.zh, *(b.name.zh for b in city.boundaries)))
    assert all("made up" in b.name.en for b in city.boundaries) and "made-up" in city.name.en
    assert all(s.simulated for s in city.files) and all(r.simulated for r in city.registers)
    assert all("虚构" in r["建筑名称"] for r in _rows("建筑物"))
    assert all("虚构" in r["所在道路"] for r in _rows("管线台账"))


def test_registers_when_read_then_readings_only_grow():
    for name in ("进水总表", "泵站电量"):
        rows = _rows(name)
        assert (rows[0]["时间"], rows[-1]["时间"]) == ("2026/04/06 00:00", "2026/06/29 00:00")
        for column in [c for c in rows[0] if c != "时间"]:
            readings = np.array([float(r[column]) for r in rows if r[column]])
            assert (np.diff(readings) >= 0).all() and readings[0] > 500_000


def test_buildings_when_counted_then_300_with_age_material_and_a_cell_of_the_grid():
    rows = _rows("建筑物")
    grid = json.loads((FOLDER / "单元网格.geojson").read_text(encoding="utf-8"))
    codes = {f["properties"]["单元网格码"] for f in grid["features"]}
    assert len(rows) == 300 and all(len(code) == 15 and code.isdecimal() for code in codes)
    assert {r["单元网格码"] for r in rows} <= codes
    assert all(1970 < int(r["接户管敷设年份"]) < 2026 and r["接户管管材"] for r in rows)
    assert len(codes) == len(grid["features"])


def test_lists_when_opened_then_they_look_like_the_real_ones():
    import openpyxl

    orders = openpyxl.load_workbook(FOLDER / "12345工单.xlsx")["工单明细"]
    assert orders.max_row == 151 and orders["A1"].value == "工单编号"
    assert sum(orders.cell(r, 9).value in (None, "") for r in range(2, 152)) > 5  # some say no place
    projects = openpyxl.load_workbook(FOLDER / "项目储备库.xlsx").active
    texts = [str(c.value) for row in projects.iter_rows() for c in row if c.value]
    assert len(projects.merged_cells.ranges) > 10
    assert {"合计", "小计", "单位：万元", "0.35亿元"} <= set(texts)


def test_billed_volumes_when_set_against_the_inlets_then_losses_are_12_to_18_percent():
    """Inflow of the last full reading period of each area, by its own registers."""
    readings = {r["时间"]: r for r in _rows("进水总表")}
    supplied = billed = 0.0
    for area in load_city(FOLDER).boundaries:
        mine = [r for r in _rows("售水量") if r["所属分区"] == area.id]
        begin = max(r["抄表起始日"] for r in mine)
        last = [r for r in mine if r["抄表起始日"] == begin]
        end = datetime.fromisoformat(last[0]["抄表截止日"]) + timedelta(days=1)
        first = datetime.fromisoformat(begin)
        for _, pipe in area.inflow:
            column = f"{pipe} 累计流量(m³)"
            days = (end - first).days
            at = [float(readings[f"{t:%Y/%m/%d %H:%M}"][column] or "nan") for t in (first, end)]
            supplied += (at[1] - at[0]) / days
        billed += sum(float(r["售水量(m³)"]) for r in last) / (end - first).days
    assert 0.12 < 1 - billed / supplied < 0.18


# --- the handover ------------------------------------------------------------------------------------------------
def test_series_when_the_twin_goes_on_then_no_hour_is_lost_or_doubled(taken):
    with City.open(taken) as city:
        streams = city.store.records(Datastream, WHO)
        flows = [s for s in streams if s.observed_property == "water_flow"]
        assert all(s.simulated for s in streams)
        streams = [s for s in streams if s.step_s == 3600]
        assert len(streams) == 29
        assert not any(s.name.startswith("twin/") for s in streams)
        start, end = HANDOVER - timedelta(days=2), HANDOVER + timedelta(days=2)
        rows = city.store.rows([s.id for s in streams], start=start, end=end, who=WHO).to_pylist()
    seen = [(r["datastream"], r["time"]) for r in rows]
    assert len(seen) == len(set(seen))
    for stream in flows:
        values = {r["time"].astimezone(SHANGHAI): r["value"] for r in rows if r["datastream"] == stream.id}
        around = [HANDOVER + timedelta(hours=h) for h in range(-3, 3)]
        assert all(t in values for t in around)
        same_hour = [values[t + timedelta(days=d)] for t in around for d in (-1, 1) if t + timedelta(days=d) in values]
        assert max(values[t] for t in around) < 3 * max(same_hour)


def test_twin_when_the_file_is_not_marked_simulated_then_it_refuses_to_go_on(tmp_path):
    from cityloop.errors import InputError

    shutil.copytree(FOLDER, tmp_path / "city")
    path = tmp_path / "city" / "city.toml"
    head, mark, tail = path.read_text(encoding="utf-8").partition('name = "进水总表"')
    text = head + mark + tail.replace("simulated = true", "simulated = false", 1)
    path.write_text(text, encoding="utf-8")
    with City.open(tmp_path / "city") as city, pytest.raises(InputError, match="measurements"):
        city.take(until=HANDOVER + timedelta(days=1))


def test_registers_when_taken_then_pipes_know_their_age_and_area(taken):
    with City.open(taken) as city:
        things = {(t.kind, t.name): t for t in city.store.records(Thing, WHO)}
    row = next(r for r in _rows("管线台账") if r["管材"] == "灰口铸铁")
    pipe = things["pipe", row["管线编号"]]
    assert pipe.properties["year"] == float(row["敷设年份"]) and pipe.properties["material"] == "灰口铸铁"
    area = record_id("example-cn", "thing", "boundary", row["所属分区"])
    assert Relation(kind="part_of", thing=area) in pipe.relations
    assert sum(kind == "building" for kind, _ in things) == 300


def test_turn_when_the_files_stand_alone_then_it_runs_and_finds_both_leaks(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "city")
    path = tmp_path / "city" / "city.toml"
    before, twin, after = path.read_text(encoding="utf-8").partition('kind = "twin"')
    head, rest = before.rpartition("[[source]]")[0], after[after.index("[policy]") :]
    path.write_text(head + rest, encoding="utf-8")
    with City.open(tmp_path / "city") as city:
        assert twin and city.settings.twin is None
        city.take(until=HANDOVER + timedelta(days=1))
        city.turn(city.last_observation())
        problems = city.store.records(Problem, WHO)
        names = {t.id: t.name for t in city.store.records(Thing, WHO)}
    found = {names[p.boundary]: p for p in problems if p.kind in ("burst", "growing_leakage")}
    assert set(found) == {"dma-2", "dma-3"} and all(p.area for p in found.values())
    for area, leak in (("dma-2", "GX2045"), ("dma-3", "GX3004")):  # searched inside the area, where the leak truly is
        rows = [row.name for row in found[area].area]
        assert leak in rows and {name[:3] for name in rows} <= {f"GX{area[-1]}", "JS" + area[-1]}
    assert any(p.kind == "frequent_breaks" for p in problems) and all(p.simulated for p in problems)


# --- the script --------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_script_when_run_again_then_every_byte_is_the_same(tmp_path):
    script = ROOT / "pilots" / "make_example_cn.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, timeout=600)
    made = sorted(p.name for p in tmp_path.iterdir())
    assert made == sorted(p.name for p in FOLDER.iterdir() if p.is_file() and p.name != "README.md")
    assert [n for n in made if (tmp_path / n).read_bytes() != (FOLDER / n).read_bytes()] == []


@pytest.mark.slow
def test_demo_when_played_then_both_leaks_are_found_and_verified(tmp_path):
    from cityloop.jobs.demo import Demo
    from cityloop.records import Project, Verification

    Demo("example-cn", tmp_path, lambda *_: ()).run(Mock())
    with City.open(tmp_path / "city") as city:
        projects = {p.id: p for p in city.store.records(Project, WHO)}
        names = {t.id: t.name for t in city.store.records(Thing, WHO)}
        found = {names[p.boundary] for p in projects.values() if any(f.get("found") == "leak" for f in p.findings)}
        results = city.store.records(Verification, WHO)
    assert found == {"dma-2", "dma-3"}
    assert all(v.simulated for v in results) and len(results) >= 2
