"""Tables of requests as offices export them: each row is a request or refused with its reason, and nothing is guessed."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook

from cityloop.errors import InputError
from cityloop.formats.requests_cells import masked, read_stamp
from cityloop.formats.requests_table import RequestTable, read_requests_file
from cityloop.settings.requests import RequestLimit, RequestSettings

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEADER = ("工单编号", "受理时间", "诉求类型", "分类代码", "诉求内容", "地址", "经度", "纬度", "坐标系", "办理状态")


def settings(**changes) -> RequestSettings:
    return RequestSettings("12345", "x", "12345", **changes)


def read(path: Path, stated: RequestSettings | None = None) -> RequestTable:
    return read_requests_file(path, stated or settings(), city="c", timezone="Asia/Shanghai")


def book(tmp_path: Path, *rows, header=HEADER, titles=()) -> Path:
    made = Workbook()
    sheet = made.active
    for row in (*titles, header, *rows):
        sheet.append(row)
    made.save(tmp_path / "orders.xlsx")
    return tmp_path / "orders.xlsx"


def row(
    number="1",
    accepted="2026-03-09 09:52",
    kind="求助",
    code="A",
    text="水压低",
    place="甲路",
    x="",
    y="",
    crs="",
    state="",
):
    return (number, accepted, kind, code, text, place, x, y, crs, state)


# --- time --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "2026-03-09 09:52", "2026/3/9 9:52:00", "2026.3.9 9:52", "2026年3月9日 9时52分", "2026年3月9日9:52", "20260309 0952",
        "2026-03-09T01:52:00Z", "2026-03-09T09:52:00+08:00", "２０２６-03-09 09：52", "2026-03-09 上午 9:52",
        datetime(2026, 3, 9, 9, 52), 46090.411111111,
    ],
)  # fmt: skip
def test_stamp_when_written_in_a_usual_form_then_it_is_that_minute(text):
    found = read_stamp(text, SHANGHAI)
    assert found is not None and found.at == datetime(2026, 3, 9, 1, 52, tzinfo=UTC) and not found.day_only


@pytest.mark.parametrize(
    "text", ["09/03/2026", "3-9-26", "2026-13-01", "2026-02-30", "昨天", "now", "12345", "", "1899-01-01"]
)
def test_stamp_when_it_could_mean_two_days_or_none_then_it_is_not_read(text):
    assert read_stamp(text, SHANGHAI) is None


def test_stamp_when_only_a_day_is_named_then_that_is_said():
    for cell in ("2026-03-09", date(2026, 3, 9), 46090, "20260309", 20260309):
        found = read_stamp(cell, SHANGHAI)
        assert found is not None and found.day_only and found.at == datetime(2026, 3, 8, 16, tzinfo=UTC)


def test_stamp_when_clocks_change_then_no_hour_is_invented():
    rome = ZoneInfo("Europe/Rome")
    assert read_stamp("2026-03-29 02:30", rome) is None
    twice = read_stamp("2026-10-25 02:30", rome)
    assert twice is not None and twice.twice and twice.at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


# --- rows --------------------------------------------------------------------------------------------------------
def test_row_without_time_or_number_when_read_then_it_is_refused_and_the_others_stay(tmp_path):
    path = book(
        tmp_path, row("1"), row("2", ""), row("3", "上周三"), row("", "2026-03-10 08:00"), row(1234567890123456789)
    )
    found = read(path)
    assert set(found.requests) == {"1"}
    assert [(r.row, r.code) for r in found.refused] == [
        (3, "no_time"), (4, "unread_time"), (5, "no_number"), (6, "number_lost"),
    ]  # fmt: skip


def test_row_without_place_when_read_then_it_stays_and_says_so(tmp_path):
    path = book(tmp_path, row("1", place=""), row("2", place="甲路"), row("3", place="", x=120.2, y=31.2, crs="GCJ-02"))
    found = read(path)
    assert [bool(r.remarks) for r in found.requests.values()] == [True, False, False]
    assert "no place" in found.requests["1"].remarks[0] and set(found.locations) == {found.requests["3"].location}


@pytest.mark.parametrize(
    ("x", "y", "crs", "said"),
    [
        (120.2, "", "GCJ-02", "one coordinate"), (0, 0, "GCJ-02", "0, 0"), (31.2, 120.2, "GCJ-02", "swapped"),
        (2.3, 48.8, "GCJ-02", "outside"), (120.2, 31.2, "", "without their system"), (120.2, 31.2, "某坐标系", "not known"),
        ("路口", "东侧", "GCJ-02", "not numbers"),
    ],
)  # fmt: skip
def test_position_when_it_cannot_be_used_then_it_is_left_out_and_remarked(tmp_path, x, y, crs, said):
    found = read(book(tmp_path, row(x=x, y=y, crs=crs)))
    (request,) = found.requests.values()
    assert not found.locations and not request.location and said in request.remarks[0] and " | " in request.remarks[0]


@pytest.mark.parametrize(
    ("said", "kept"),
    [("GCJ02", "GCJ-02"), ("火星坐标系", "GCJ-02"), ("cgcs2000", "EPSG:4490"), ("EPSG:4326", "EPSG:4326")],
)
def test_position_when_its_system_is_named_then_it_is_kept_as_given(tmp_path, said, kept):
    (place,) = read(book(tmp_path, row(x=120.2, y=31.2, crs=said))).locations.values()
    assert (place.crs, place.coordinates) == (kept, ((120.2, 31.2),))


def test_number_twice_when_the_states_differ_then_the_later_state_counts_wherever_it_stands(tmp_path):
    header = (*HEADER, "办结时间", "办理结果")
    old, new = (*row("7", state="办理中"), "", "处理中"), (*row("7", state="办结"), "2026-03-12 10:00", "已修复")
    for rows in ((old, new), (new, old)):
        found = read(book(tmp_path, *rows, header=header))
        assert found.requests["7"].result == "已修复" and found.requests["7"].status == "closed"
        assert [r.code for r in found.refused] == ["superseded"]
    found = read(book(tmp_path, new, new, header=header))
    assert not found.refused and any("twice" in r.en for r in found.remarks)


def test_workbook_when_it_has_titles_totals_merged_cells_and_a_page_of_notes_then_only_orders_are_read(tmp_path):
    made = Workbook()
    sheet = made.active
    sheet.title = "工单明细"
    for line in (
        ("某市 2026 年工单统计表",),
        ("导出时间：2026-04-01",),
        HEADER,
        row("1"),
        row("2"),
        HEADER,
        row("3"),
        ("合计", 3),
    ):
        sheet.append(line)
    sheet.merge_cells("A1:J1")
    sheet.merge_cells("F4:F5")
    made.create_sheet("说明").append(("本表由系统导出",))
    made.save(tmp_path / "a.xlsx")
    found = read(tmp_path / "a.xlsx")
    assert list(found.requests) == ["1", "2", "3"] and not found.refused
    assert found.requests["2"].address == "甲路"  # the merged value counts for both rows
    told = " ".join(r.en for r in found.remarks)
    assert "2 rows of totals or repeated headers" in told and "说明: no table" in told and "merged" in told


def test_columns_about_the_caller_when_there_then_they_are_not_taken_over_and_it_is_said(tmp_path):
    header = (*HEADER, "诉求人姓名", "联系电话", "身份证号", "内部备注")
    line = (*row(text="请回电 13812345678，或发 a.b@example.com"), "张三", "13812345678", "110101199001011234", "已转")
    found = read(book(tmp_path, line, row("", "2026-03-09"), header=header))
    (remark,) = [r for r in found.remarks if "caller" in r.en]
    assert remark.zh.endswith("诉求人姓名、联系电话、身份证号")
    everything = repr(found.requests) + repr(found.refused)
    assert not any(private in everything for private in ("张三", "1381234", "19900101", "example.com"))
    assert found.requests["1"].description == "请回电 […]，或发 […]" and "2 telephone" in found.requests["1"].remarks[0]


def test_masked_when_a_text_has_amounts_and_house_numbers_then_these_stay():
    text = "水费 1234567.8 元，15 号楼 302 室，工单 XN20260309001"
    assert masked(text) == (text, 0)
    assert masked("电话 0512-66668888")[1] == 1 and masked("call +44 20 7946 0958")[1] == 1


def test_headers_when_the_city_has_words_of_its_own_then_columns_name_them(tmp_path):
    header = ("热线单据", "进线时刻", "类别", "说法")
    path = book(tmp_path, ("1", "2026-03-09 09:52", "投诉", "水黄"), header=header)
    with pytest.raises(InputError, match="No table of requests"):
        read(path)
    stated = settings(columns={"number": "热线单据", "requested": "进线时刻", "description": "说法", "type": "类别"})
    (request,) = read(path, stated).requests.values()
    assert (request.number, request.type, request.description) == ("1", "complaint", "水黄")


def test_csv_when_in_gb18030_then_it_is_read_as_it_stands(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join([",".join(HEADER), ",".join(map(str, row()))]).encode("gb18030"))
    assert read(path).requests["1"].description == "水压低"


# --- chain -------------------------------------------------------------------------------------------------------
CHAIN = (
    "工单编号", "受理时间", "诉求类型", "派单时间", "答复时间", "办结时间", "回访时间", "办理期限", "延期后期限", "办理状态", "是否解决", "满意度",
    "重复工单",
)  # fmt: skip


def chain(number="1", **cells):
    names = (
        "accepted",
        "kind",
        "sent",
        "answered",
        "closed",
        "called",
        "due",
        "later",
        "state",
        "solved",
        "pleased",
        "twin",
    )
    stated = {"accepted": "2026-03-09 09:00", "kind": "求助", **cells}
    return (number, *(stated.get(n, "") for n in names))


def test_chain_when_dated_then_its_steps_stand_in_order_and_answers_are_yes_no_or_none(tmp_path):
    lines = (
        chain("1", sent="2026-03-09 10:00", answered="2026-03-11 09:00", closed="2026-03-11 12:00", called="2026-03-12",
              state="办结", solved="是", pleased="非常满意", twin="0；9"),
        chain("2", state="办结", solved="否", pleased="未评价"),
        chain("3", state="办理中", closed="2026-03-10 08:00", solved="部分解决"),
        chain("4", sent="2026-03-08 10:00"),
    )  # fmt: skip
    one, two, three, four = read(book(tmp_path, *lines, header=CHAIN)).requests.values()
    assert [s.state for s in one.steps] == ["accepted", "dispatched", "answered", "closed", "called_back"]
    assert (one.status, one.resolved, one.satisfied, one.related) == ("closed", True, True, ("0", "9"))
    assert (two.status, two.resolved, two.satisfied, two.satisfaction) == ("closed", False, None, "未评价")
    assert any("without a closing time" in r for r in two.remarks)
    assert three.status == "open" and three.resolved is None and any("部分解决" in r for r in three.remarks)
    assert any("lies before" in r for r in four.remarks)


def test_due_when_only_a_day_is_given_then_it_lasts_to_the_end_of_that_day(tmp_path):
    (request,) = read(book(tmp_path, chain(due="2026-03-16", later="2026-03-20"), header=CHAIN)).requests.values()
    assert request.due == datetime(2026, 3, 16, 16, tzinfo=UTC) and request.extended_due == datetime(
        2026, 3, 20, 16, tzinfo=UTC
    )


def test_due_when_the_table_gives_none_then_only_a_limit_of_the_city_makes_one(tmp_path):
    path = book(tmp_path, chain("1"), chain("2", due="2026-03-10 08:00"), chain("3", due="尽快"), header=CHAIN)
    assert [r.due for r in read(path).requests.values()][0] is None
    stated = settings(limits={"help": RequestLimit(7, "示例规程")})
    one, two, three = read(path, stated).requests.values()
    # Monday 9 March 2026 and seven working days: Wednesday 18 March, to its end.
    assert (one.due, one.due_by) == (datetime(2026, 3, 18, 16, tzinfo=UTC), "limit")
    assert (two.due, two.due_by) == (datetime(2026, 3, 10, tzinfo=UTC), "given")
    assert three.due is None and "尽快" in three.remarks[0]


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("3个工作日", datetime(2026, 3, 12, 16, tzinfo=UTC)), ("5 working days", datetime(2026, 3, 16, 16, tzinfo=UTC)),
        ("5个自然日", datetime(2026, 3, 14, 16, tzinfo=UTC)), ("24小时", datetime(2026, 3, 10, 1, tzinfo=UTC)), ("5天", None),
    ],
)  # fmt: skip
def test_due_when_given_as_a_span_then_only_one_that_says_which_days_it_counts_is_read(tmp_path, text, due):
    (request,) = read(book(tmp_path, chain(due=text), header=CHAIN)).requests.values()
    assert request.due == due and request.due_by == ("given" if due else "")


def test_codes_when_mapped_then_the_request_says_what_it_bears_on(tmp_path):
    path = book(tmp_path, row("1", code="A"), row("2", code="B"))
    one, two = read(path, settings(codes={"A": ("burst", "water")}, code_system="示例体系")).requests.values()
    assert one.bears_on == ("burst", "water") and two.bears_on == () and two.code_system == "示例体系"


# --- refusals of whole files -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.pdf", b"x", "form that is not read"), ("a.xlsx", b"x", "workbook"), ("a.json", b"{", "JSON"),
        ("a.json", b'{"a": 1}', "list of service requests"), ("a.xml", b"<a>", "XML"),
        ("a.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "type declaration"), ("a.csv", b"a,b\n1,2\n", "No table of requests"),
    ],
)  # fmt: skip
def test_file_when_it_holds_no_requests_then_the_error_says_what_it_is(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=said):
        read(tmp_path / name)
