"""`cityloop forecast` and `cityloop bench forecast`: the table, what is said beside it, and what is refused."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from cityloop.settings import example_city_toml

FIRST = datetime(2026, 1, 1)
DAYS = 70
AT = "2026-03-02T07:00+08:00"  # 60 days on


@pytest.fixture
def metered(tmp_path: Path) -> Path:
    """Two areas in Shanghai's zone, seventy days of hours: 10 to 20 L/s by the hour in both, in L/s and as a register."""
    folder = tmp_path / "city"
    (folder / "flow").mkdir(parents=True)
    text = example_city_toml().replace("step_s = 900", "step_s = 3600").replace('unit = "m3/h"', 'unit = "L/s"')
    (folder / "city.toml").write_text(text, encoding="utf-8")
    lines, register = ["time,East,West register"], 0.0
    for hour in range(24 * DAYS):
        at = FIRST + timedelta(hours=hour)
        flow = 15 + 5 * np.sin(2 * np.pi * at.hour / 24)
        lines.append(f"{at:%Y-%m-%d %H:%M},{flow:.4f},{register:.4f}")
        register += flow * 3.6
    (folder / "flow" / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_forecast_when_made_then_a_row_per_hour_and_area_in_utc(cli, metered: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "ahead.csv"
    told = cli("forecast", metered, "--at", AT, "--hours", 24, "--out", out)
    assert told.code == 0, told.err
    assert "2 series, 24 hours from 2026-03-01T23:00Z" in told.out and "Method: median" in told.out
    assert "No weather after" in told.out
    found = rows(out)
    assert list(found[0]) == ["time", "datastream", "value", "low", "high", "level"]
    assert len(found) == 48 and {r["datastream"] for r in found} == {"flow/East", "flow/West register"}
    times = [datetime.fromisoformat(r["time"]) for r in found]
    assert times[0] == datetime(2026, 3, 1, 23, tzinfo=UTC) and times[-1] == times[0] + timedelta(hours=23)
    for row, time in zip(found, times, strict=True):
        expected = 15 + 5 * np.sin(2 * np.pi * ((time.hour + 8) % 24) / 24)
        assert float(row["value"]) == pytest.approx(expected, abs=0.01)
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
        assert float(row["level"]) == 0.9


def test_forecast_when_one_series_is_named_then_only_it_and_in_json(cli, metered: Path, tmp_path: Path) -> None:
    out = tmp_path / "ahead.csv"
    words = ("forecast", metered, "--at", AT, "--out", out, "--datastream", "flow/East", "--level", 0.8, "--json")
    told = cli(*words)
    assert told.json["datastreams"] == ["flow/East"]
    assert (told.json["level"], told.json["hours"], told.json["method"]) == (0.8, 168, "median")
    assert len(rows(out)) == 168
    assert any("气象" in n for n in cli(*words, "--lang", "zh").json["notes"])


@pytest.mark.parametrize(
    ("words", "code", "en", "zh"),
    [
        (("--at", "2026-01-20T07:00+08:00"), 2, "Too little history", "历史数据太少"),
        (("--at", "2026-03-02T07:00"), 2, "without its offset", "缺少时区偏移"),
        (("--at", AT, "--datastream", "flow/North"), 2, "flow/East, flow/West register", "没有该数据序列"),
        (("--at", AT, "--hours", "169"), 2, "168", "168"),
    ],
)
def test_forecast_when_it_cannot_be_made_then_says_why_and_writes_nothing(
    cli, metered: Path, tmp_path: Path, words: tuple[str, ...], code: int, en: str, zh: str
) -> None:
    out = tmp_path / "ahead.csv"
    for lang, said in (("en", en), ("zh", zh)):
        told = cli("forecast", metered, *words, "--out", out, "--lang", lang)
        assert told.code == code and said in told.err + told.out
    assert list(tmp_path.glob("*.csv*")) == []


def test_forecast_when_the_table_cannot_be_written_then_says_so(cli, metered: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for out in (tmp_path / "file" / "ahead.csv", tmp_path):
        told = cli("forecast", metered, "--at", AT, "--out", out)
        assert told.code == 3 and "--out" in told.err
        assert "结果表无法写入" in cli("forecast", metered, "--at", AT, "--out", out, "--lang", "zh").err


def test_forecast_when_the_folder_has_no_meter_or_no_city_then_says_so(cli, metered: Path, tmp_path: Path) -> None:
    assert cli("forecast", tmp_path / "nowhere", "--at", AT, "--out", tmp_path / "a.csv").code == 2
    text = (metered / "city.toml").read_text(encoding="utf-8")
    (metered / "city.toml").write_text(text.replace('thing = "boundary:dma-', 'thing = "meter:'), encoding="utf-8")
    told = cli("forecast", metered, "--at", AT, "--out", tmp_path / "a.csv")
    assert told.code == 2 and "--datastream" in told.err


def test_bench_forecast_when_the_weeks_or_the_folder_are_wrong_then_says_so(cli, tmp_path: Path) -> None:
    told = cli("bench", "forecast", "--data", tmp_path, "--weeks", "soon")
    assert told.code == 2 and "official, other" in told.err
    assert "不是有效的日期" in cli("bench", "forecast", "--data", tmp_path, "--weeks", "soon", "--lang", "zh").err
    assert cli("bench", "forecast", "--data", tmp_path).code == 2
