"""`cityloop request`: in, list, service, out; and what `problem show` says of requests."""

import json
from pathlib import Path

import pytest

from cityloop.records import Location, Relation, Thing, record_id
from cityloop.store import Store

CITY = "my-city"
DMA = record_id(CITY, "thing", "boundary", "dma-1")

HEAD = "工单编号,受理时间,诉求类型,分类代码,诉求内容,经度,纬度,坐标系,办理期限,答复时间,办结时间,是否解决,是否满意,联系电话"
ROWS = (
    "1,2024-02-01 09:00,求助,A-1,水压低,9.0,45.0,EPSG:4326,2024-02-05,2024-02-02 09:00,2024-02-02 10:00,是,满意,13800000000",
    "2,2024-02-11 09:00,投诉举报,A-2,路面冒水,9.0,45.0,EPSG:4326,2024-02-15,,,,,13800000001",
    "3,,咨询,A-1,何时来水,,,,,,,,,",
    "4,2024-02-20 10:00,咨询,A-1,何时来水,,,,,,,,,",
)
REQUESTS = """
[[requests]]
path = "orders.csv"
codes = { "A-2" = "burst", "A-1" = "no_such_kind" }
"""


@pytest.fixture
def asked(city: Path) -> Path:
    """The city with a [[requests]], its table, and a house in the first area."""
    text = (city / "city.toml").read_text(encoding="utf-8")
    (city / "city.toml").write_text(text.replace("[policy]", REQUESTS + "\n[policy]", 1), encoding="utf-8")
    (city / "orders.csv").write_text("\n".join([HEAD, *ROWS]), encoding="utf-8")
    house = Thing(
        id=record_id(CITY, "thing", "building", "h"), kind="building", name="h", location="l-h",
        relations=(Relation(kind="part_of", thing=DMA),),
    )  # fmt: skip
    with Store.open(city / "data") as store:
        store.put([house, Location(id="l-h", name="h", crs="EPSG:4326", geometry="point", coordinates=((9.0, 45.0),))])
    return city


def test_import_when_shown_then_nothing_is_written_and_each_refusal_has_its_reason(asked, cli):
    shown = cli("request", "import", asked, asked / "orders.csv")
    assert shown.code == 1 and "3 requests, 2 with a position, 1 rows refused" in shown.out
    assert "row 4: the row does not say when the request was accepted" in shown.out
    assert "columns about the caller were not taken over: 联系电话" in shown.out and "138" not in shown.out
    assert "Nothing was written" in shown.out and "No requests on record" in cli("request", "list", asked).out


def test_import_when_confirmed_then_they_are_listed_and_a_second_time_changes_nothing(asked, cli):
    taken = cli("request", "import", asked, asked / "orders.csv", "--yes")
    assert "3 taken in" in taken.out
    again = cli("request", "import", asked, asked / "orders.csv", "--yes", "--json").json
    assert again["counts"]["requests"] == 0 and len(again["refused"]) == 1
    listed = cli("request", "list", asked)
    assert "Without an area: 1 (neither a position nor a grid cell that a register knows)" in listed.out
    assert "12345: 3 requests, 2024-02-01 to 2024-02-20" in listed.out
    assert "no domain of this city knows “no_such_kind”" in listed.out
    found = cli("request", "list", asked, "--json").json
    assert [r["boundary"] for r in found["requests"]].count(DMA) == 2
    assert all(r["request"]["version"] == 1 for r in found["requests"])


def test_list_when_a_problem_is_named_then_those_beside_it_and_what_chance_says(asked, cli):
    cli("request", "import", asked, asked / "orders.csv", "--yes")
    listed = cli("problem", "list", asked, "--json").json["problems"]
    burst = next(p for p in listed if p["kind"] == "burst")["id"].rsplit(":", 1)[1]
    # the problem's onset lies in 2026, the requests in 2024
    assert "the requests on record end before it began" in cli("request", "list", asked, "--problem", burst).out
    sensor = next(p for p in listed if p["kind"] == "failing_sensor")["id"].rsplit(":", 1)[1]
    assert "No request bears on this kind" in cli("request", "list", asked, "--problem", sensor).out
    assert "citizens' requests beside it" in cli("problem", "show", asked, burst).out
    assert "citizens' requests" not in cli("problem", "show", asked, sensor).out


def test_service_when_asked_in_chinese_then_shares_state_their_denominator(asked, cli):
    cli("request", "import", asked, asked / "orders.csv", "--yes")
    told = cli("request", "service", asked, "--by", "type", "--lang", "zh")
    assert "投诉举报" in told.out and "以回访作答者为分母" in told.out and "1 件）*" in told.out
    whole = cli("request", "service", asked, "--json").json["all"]
    assert (whole["resolved"]["hits"], whole["resolved"]["of"], whole["resolved_of_closed"]["of"]) == (1, 1, 1)
    assert (whole["on_time"]["hits"], whole["on_time"]["of"]) == (1, 2)  # the second is open past its due day
    assert cli("request", "service", asked, "--by", "street").code == 2


@pytest.mark.parametrize(
    ("profile", "suffix"), [("12345", "csv"), ("12345", "xlsx"), ("open311", "json"), ("open311", "xml")]
)
def test_export_when_written_then_it_can_be_imported_again(asked, cli, tmp_path, profile, suffix):
    cli("request", "import", asked, asked / "orders.csv", "--yes")
    out = tmp_path / f"o.{suffix}"
    assert "3 requests, 2 with a position" in cli("request", "export", asked, "--profile", profile, "--out", out).out
    assert "1380" not in out.read_bytes().decode("utf-8", "ignore")
    if suffix == "json":
        assert json.loads(out.read_text(encoding="utf-8"))[0]["lat"] == 45.0
    again = cli("request", "import", asked, out, *(["--as", "12345"] if profile == "12345" else []), "--json")
    if profile == "12345":
        assert again.code == 0 and len(again.json["requests"]) == 3


def test_import_when_city_toml_says_nothing_of_requests_then_the_usual_columns_are_read(city, cli, tmp_path):
    (tmp_path / "o.csv").write_text(f"{HEAD}\n{ROWS[0]}\n", encoding="utf-8")
    told = cli("request", "import", city, tmp_path / "o.csv")
    assert told.code == 0 and "City.toml has no [[requests]]" in told.out and "1 requests" in told.out


def test_export_when_the_profile_or_form_is_unknown_then_it_is_refused(asked, cli, tmp_path):
    assert cli("request", "export", asked, "--profile", "311", "--out", tmp_path / "o.csv").code == 2
    wrong = cli("request", "export", asked, "--out", tmp_path / "o.json")
    assert wrong.code == 2 and ".csv .xlsx" in wrong.err
