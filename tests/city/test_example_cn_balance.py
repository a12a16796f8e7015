"""The water balance of the example city against a plain calculation from its files, in report and command."""

import json
import re
import shutil
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from typer.testing import CliRunner

from cityloop.city import City
from cityloop.cli.app import app
from cityloop.report import build, resolve

FOLDER = Path(str(files("cityloop") / "cities" / "example-cn"))
SHANGHAI = ZoneInfo("Asia/Shanghai")
INLETS = {"dma-1": ["JS1-1"], "dma-2": ["JS2-1", "JS2-2"], "dma-3": ["JS3-1"]}
NAMES = {"dma-1": "一区·示例老城（虚构）", "dma-2": "二区·示例新城（虚构）", "dma-3": "三区·示例园区（虚构）"}
FREE = "免费供水（消防、绿化）"


@pytest.fixture(scope="module")
def taken(tmp_path_factory) -> Path:
    """A copy that has taken its files, up to where the twin goes on."""
    folder = tmp_path_factory.mktemp("balance") / "city"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("data", "report"))
    with City.open(folder) as city:
        city.take(until=datetime(2026, 6, 29, tzinfo=SHANGHAI))
    return folder


@pytest.fixture(scope="module")
def told(taken) -> dict:
    """What `cityloop balance --json` says, in Chinese."""
    done = CliRunner().invoke(app, ["balance", str(taken), "--json", "--lang", "zh"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def page(taken) -> tuple[str, dict]:
    """The report and its loop.json."""
    with City.open(taken) as city:
        text, loop = build(city.view(), city.settings, city.domains)
    return text, json.loads(loop)


def supplied_m3(area: str, start: date, end: date) -> float:
    """Registers at the first and after the last day, in a straight line over empty cells."""
    table = pd.read_csv(FOLDER / "进水总表.csv", encoding="gb18030")
    table.index = pd.to_datetime(table["时间"], format="%Y/%m/%d %H:%M")
    total = 0.0
    for inlet in INLETS[area]:
        readings = table[f"{inlet} 累计流量(m³)"].astype(float).interpolate("time")
        total += float(readings[pd.Timestamp(end)] - readings[pd.Timestamp(start)])
    return total


def billed_m3(area: str, start: date, end: date) -> pd.Series:
    """By class of use, every bill by its days inside [start, end)."""
    table = pd.read_csv(FOLDER / "售水量.csv", encoding="gb18030")
    mine = table[table["所属分区"] == area].copy()
    begin, last = (pd.to_datetime(mine[c]) for c in ("抄表起始日", "抄表截止日"))
    after = last + pd.Timedelta(days=1)
    inside = after.clip(upper=pd.Timestamp(end)) - begin.clip(lower=pd.Timestamp(start))
    share = (inside.dt.days.clip(lower=0)) / (after - begin).dt.days
    return (mine["售水量(m³)"] * share).groupby(mine["用水类别"]).sum()


# --- the figures --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("area", INLETS)
def test_balance_when_computed_from_the_files_by_hand_then_every_rate_is_the_same(told, area):
    found = next(b for b in told["balances"] if b["name"] == NAMES[area])
    start, end = date.fromisoformat(found["start"]), date.fromisoformat(found["end"]) + timedelta(days=1)
    supplied, by_class = supplied_m3(area, start, end), billed_m3(area, start, end)
    billed, free = float(by_class.drop(FREE).sum()), float(by_class[FREE])
    lines, indicators = found["lines"], found["indicators"]
    assert lines["system_input"]["value"] == pytest.approx(supplied, rel=1e-3)
    assert lines["billed_metered"]["value"] == pytest.approx(billed, rel=1e-9)
    assert lines["unbilled_unmetered"]["value"] == pytest.approx(free, rel=1e-9)
    gross = 100 * (1 - (billed + free) / supplied)
    assert indicators["nrw"]["value"] == pytest.approx(100 * (1 - billed / supplied), abs=0.1)
    assert indicators["composite_loss_rate"]["value"] == pytest.approx(gross, abs=0.1)
    r1 = 8 * float(by_class["居民生活"]) / supplied
    # 0.4 MPa at the outlet gives half a point, the mains are long for the water: 3 points, frost none.
    assert indicators["loss_rate"]["value"] == pytest.approx(gross - r1 - 3 - 0.5, abs=0.1)
    assert 10 < indicators["nrw"]["value"] < 18  # made up with 5 to 12 % not billed and some leaks


def test_balance_when_periods_differ_then_the_city_is_over_the_days_they_share(told):
    *areas, city = told["balances"]
    assert city["name"] == "全市" and city["start"] == max(b["start"] for b in areas)
    assert city["end"] == min(b["end"] for b in areas) == "2026-06-04"
    start, end = date(2026, 4, 6), date(2026, 6, 5)
    supplied = sum(supplied_m3(a, start, end) for a in INLETS)
    billed = sum(float(billed_m3(a, start, end).drop(FREE).sum()) for a in INLETS)
    assert city["indicators"]["nrw"]["value"] == pytest.approx(100 * (1 - billed / supplied), abs=0.1)
    energy = pd.read_csv(FOLDER / "泵站电量.csv", encoding="gb18030")
    energy.index = pd.to_datetime(energy["时间"], format="%Y/%m/%d %H:%M")
    kwh = energy["SSB-1 累计电量(kWh)"].astype(float).interpolate("time")
    used = float(kwh[pd.Timestamp(end)] - kwh[pd.Timestamp(start)])
    assert city["indicators"]["energy_per_m3"]["value"] == pytest.approx(used / supplied, rel=2e-3)


def test_periods_when_the_inflow_covers_them_then_each_stands_alone_as_the_files_say(told):
    found = [(p["name"], p["start"], p["end"]) for p in told["periods"]]
    assert found == [
        (NAMES["dma-1"], "2026-05-05", "2026-06-04"), (NAMES["dma-2"], "2026-04-16", "2026-06-15"),
        (NAMES["dma-3"], "2026-04-26", "2026-05-25"), (NAMES["dma-3"], "2026-05-26", "2026-06-25"),
    ]  # fmt: skip
    for period in told["periods"]:
        area = next(a for a, name in NAMES.items() if name == period["name"])
        start, end = date.fromisoformat(period["start"]), date.fromisoformat(period["end"]) + timedelta(days=1)
        billed = float(billed_m3(area, start, end).drop(FREE).sum())
        assert period["billed"]["value"] == pytest.approx(billed)
        assert period["nrw"]["value"] == pytest.approx(100 * (1 - billed / supplied_m3(area, start, end)), abs=0.1)
    first, second = (p["nrw"] for p in told["periods"][2:])
    assert second["low"] > first["high"]  # a leak that grew in between shows in the bills too


def test_balance_when_intervals_are_given_then_each_holds_its_value_and_none_is_a_bare_number(told):
    for found in told["balances"]:
        for estimate in (*found["lines"].values(), *found["indicators"].values()):
            assert estimate["low"] <= estimate["value"] <= estimate["high"] and estimate["level"] == 0.9


def test_balance_when_worlds_are_asked_then_losses_are_decided_differently_and_marked(told):
    city = told["balances"][-1]
    said = {(v["question"], v["world"]): v for v in city["verdicts"]}
    assert said["losses", "cn"]["verdict"] == "meets" and said["losses", "eu"]["verdict"] == "fails"
    assert (said["losses", "cn"]["rule"], said["losses", "us"]["rule"]) == ("loss_rate", "ili")
    assert {said["losses", w]["status"] for w in ("cn", "eu", "us")} == {"unconfirmed"}
    assert not city["full_year"] and city["simulated"]


def test_balance_when_something_does_not_fit_then_it_is_said(told):
    texts = "\n".join(told["findings"])
    assert "退补（-420 m³）" in texts and "夜间流量法与水量平衡不符" in texts
    assert any("跨出" in note for note in told["balances"][0]["notes"])


# --- what people read ---------------------------------------------------------------------------------------------
def test_command_when_asked_for_days_then_the_balance_is_over_them(taken):
    done = CliRunner().invoke(
        app, ["balance", str(taken), "--from", "2026-05-05", "--to", "2026-06-04", "--lang", "en"]
    )
    assert done.exit_code == 0
    assert "Area 1, old town (made up): 2026-05-05 to 2026-06-04, 31 days (SIMULATED)" in done.stdout
    assert "bills reach beyond" not in done.stdout.split("Area 2")[0]  # one whole period of the first area


@pytest.mark.parametrize("words", [["--from", "5 May"], ["--from", "2026-06-01", "--to", "2026-05-01"]])
def test_command_when_a_day_is_wrong_then_exit_code_2_and_no_traceback(taken, words):
    done = CliRunner().invoke(app, ["balance", str(taken), *words])
    assert done.exit_code == 2 and "Traceback" not in done.output


def test_report_when_bills_are_on_record_then_the_three_rates_stand_beside_each_other_and_apart(page):
    text, _ = page
    section = text[text.index('<section id="water-balance"') :]
    section = section[: section.index("</section>")]
    for said in (
        "产销差率", "综合漏损率", "漏损率 R_BL", "供水管网漏失指数（ILI）", "三个指标含义不同、不可混用", "不足一年",
        "超出公式适用范围", "各规范判定不一致之处", "未核实", "水压合格率", "吨水电耗", "真实漏失水量", "模拟",
    ):  # fmt: skip
        assert said in section, said
    assert "没有售水量数据" not in text and "均无法计算" not in text


def test_report_when_a_figure_of_the_balance_is_followed_then_it_is_in_loop_json(page):
    text, loop = page
    section = text[text.index('<section id="water-balance"') :]
    section = section[: section.index("</section>")]
    refs = re.findall(r'data-ref="([^"]+)" data-value="([^"]*)"', section)
    assert len(refs) > 300
    for ref, value in refs:
        found = resolve(loop, ref)
        assert str(found) == value or float(found) == float(value), ref
    assert {b["noun"] for b in loop["balances"]} == {"balances"} and len(loop["balances"]) == 4
    assert all(b["evidence"]["sha256"] for b in loop["balances"])
