"""`cityloop project import`: shown first, entered with --yes, the same again changes nothing."""

from pathlib import Path

import openpyxl
import pytest

HEADER = ["序号", "项目名称", "建设内容", "建设地点", "总投资（万元）", "资金来源", "预期效益"]


@pytest.fixture
def listed(tmp_path: Path):
    """A project list as a city keeps it: titles, a merged cell, a subtotal, another currency."""

    def make(*changes, name="项目储备库.xlsx"):
        work = openpyxl.Workbook()
        sheet = work.active
        sheet.title = "储备库"
        for row in (
            ["示例区项目储备库"],
            HEADER,
            [1, "爆管治理", "检漏并修复漏损点", "dma-1", 60, "财政资金", "年节水约 5 万立方米"],
            [2, "智慧广场", "地面硬化", None, 500, "财政资金", "提升形象"],
            ["小计", None, None, None, 560],
            [3, "进口监测设备", "漏损监测", "dma-2", "30万美元", "社会资本", ""],
            [4, "管线检修", "压力调控", "城西", 80, "财政资金", ""],
        ):
            sheet.append(row)
        sheet.merge_cells("D3:D4")
        for cell, value in changes:
            sheet[cell] = value
        work.save(tmp_path / name)
        return tmp_path / name

    return make


def test_import_when_shown_then_nothing_is_written(cli, city: Path, listed) -> None:
    before = cli("countermeasure", "list", city, "--json").json
    told = cli("project", "import", city, listed(), "--lang", "zh")
    assert told.code == 0, told.err
    for text in (
        "dma-1突发漏损（爆管）", "无对应的已观测问题", "病症 4“借概念包装无关项目”", "消除办法", "无法判断，请补充", "“dma-1”为合并单元格",
        "USD 300,000（1 行）", "尚未写入任何内容", "--yes",
    ):  # fmt: skip
        assert text in told.out
    assert cli("countermeasure", "list", city, "--json").json == before


def test_import_when_entered_then_listed_with_its_decision_and_the_same_again_changes_nothing(cli, city: Path, listed):
    told = cli("project", "import", city, listed(), "--yes", "--who", "王工", "--reason", "2026 年计划", "--json")
    assert told.code == 0, told.err
    rows = {p["row"]: p for p in told.json["projects"]}
    assert {row: p["state"] for row, p in rows.items()} == {
        3: "entered", 4: "no_problem", 6: "other_currency", 7: "no_problem",
    }  # fmt: skip
    assert len(rows[3]["ailments"]) == 10 and rows[3]["ailments"][4]["verdict"] == "clear"
    measures = cli("countermeasure", "list", city, "--json").json["countermeasures"]
    (entered,) = (c for c in measures if c["kind"] == "imported_project")
    assert (entered["id"], entered["details"]["imported_from"]) == (rows[3]["countermeasure"], "项目储备库.xlsx")
    problem = cli("problem", "show", city, entered["answers"][0], "--json").json
    (decision,) = problem["decisions"]
    assert (decision["who"], decision["verb"], decision["reason"]) == ("王工", "import_project", "2026 年计划")
    assert "录入储备库项目" in cli("problem", "show", city, entered["answers"][0], "--lang", "zh").out
    again = cli("project", "import", city, listed(), "--yes", "--who", "王工", "--json").json
    assert (again["written"], again["projects"][0]["state"]) == ([], "same")
    assert cli("countermeasure", "list", city, "--json").json["countermeasures"] == measures
    changed = cli("project", "import", city, listed(("E3", 70)), "--yes", "--json").json
    assert changed["written"] == [entered["id"]]
    shown = cli("countermeasure", "show", city, entered["id"], "--lang", "zh").out
    assert "v2" in shown and "总投资" in shown and "70 万元" in shown


def test_import_when_a_person_states_the_problem_then_that_row_is_entered(cli, city: Path, listed) -> None:
    told = cli("project", "import", city, listed(), "--match", "7=1", "--yes", "--json")
    assert {p["row"]: p["state"] for p in told.json["projects"]}[7] == "entered"
    for wrong, text in (("7", "Not ROW=PROBLEM"), ("99=1", "no project in this row"), ("7=zz", "No such problem")):
        refused = cli("project", "import", city, listed(), "--match", wrong)
        assert refused.code == 2 and text in refused.err


def test_import_when_a_row_is_gone_then_stated_and_withdrawn_only_when_asked(cli, city: Path, listed) -> None:
    cli("project", "import", city, listed(), "--yes")
    other = listed(("B3", "别的工程"), name="v2.xlsx")
    assert cli("project", "import", city, other, "--json").json["absent"] == []  # another list
    other = listed(("B3", "别的工程"))
    told = cli("project", "import", city, other, "--lang", "zh")
    assert "本次文件中已没有：爆管治理" in told.out
    assert cli("project", "import", city, other, "--withdraw-missing", "--json").json["withdrawn"] == []
    assert len(cli("project", "import", city, other, "--withdraw-missing", "--yes", "--json").json["withdrawn"]) == 1
    assert cli("project", "import", city, other, "--json").json["absent"] == []


def test_import_when_rows_are_faulty_then_each_is_named_and_the_exit_code_says_so(cli, city: Path, listed) -> None:
    bad = listed(("E3", "若干"), ("B7", "爆管治理"), ("B6", None))
    told = cli("project", "import", city, bad, "--yes")
    assert told.code == 1
    for text in (
        "储备库, row 3, column E “总投资（万元）”: Total investment: “若干” is not one amount", "row 6, column B “项目名称”: No project name",
        "“爆管治理” stands in row 3 already",
    ):  # fmt: skip
        assert text in told.out
    assert cli("project", "import", city, bad, "--json").json["projects"][0]["state"] == "faulty"
    assert cli("project", "import", city, "absent.xlsx").code == 2


def test_import_when_asked_for_help_then_both_languages(cli) -> None:
    shown = cli("project", "import", "--help").out
    assert "--yes" in shown and "储备库" in shown and "--match" in shown
