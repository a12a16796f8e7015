"""`cityloop report`: folder, one reader's page, workbook; and what it refuses."""

from pathlib import Path

import pytest
from openpyxl import load_workbook


@pytest.fixture(autouse=True)
def observed(monkeypatch: pytest.MonkeyPatch) -> None:
    """These cities have no observations: a report needs a moment, so they are seen now."""
    from datetime import UTC, datetime

    from cityloop.city import City

    whole = City.view
    monkeypatch.setattr(City, "view", lambda self, now=None: whole(self, now or datetime(2026, 9, 1, tzinfo=UTC)))


def test_report_when_a_folder_is_named_then_page_and_loop_json(cli, city: Path, tmp_path: Path) -> None:
    told = cli("report", city, "--out", tmp_path / "out")
    assert told.code == 0, told.err
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["loop.json", "report.html"]


def test_report_when_a_file_is_named_then_it_is_written_there(cli, city: Path, tmp_path: Path) -> None:
    found = cli("report", city, "--out", tmp_path / "mine.html", "--json").json
    assert [Path(f).name for f in found["files"]] == ["mine.html", "loop.json"] and found["for"] == "all"


def test_report_when_for_the_public_then_alone_and_without_a_trace(cli, city: Path, tmp_path: Path) -> None:
    told = cli("report", city, "--for", "public", "--out", tmp_path / "out")
    assert told.code == 0, told.err
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["report-public.html"]
    assert "may be given to anybody" in told.out
    assert "data-ref" not in (tmp_path / "out" / "report-public.html").read_text(encoding="utf-8")


def test_report_when_a_workbook_is_named_then_in_the_language_asked_for(cli, city: Path, tmp_path: Path) -> None:
    told = cli("report", city, "--out", tmp_path / "报告.xlsx", "--lang", "zh")
    assert told.code == 0, told.err
    assert "摘要" in load_workbook(tmp_path / "报告.xlsx").sheetnames and "工作簿" in told.out


def test_report_when_the_name_or_the_list_cannot_be_used_then_said_how_to_cure_it(
    cli, city: Path, tmp_path: Path
) -> None:
    for words, said in (
        (("--out", tmp_path / "a.pdf"), ".html"),
        (("--out", tmp_path / "a.xlsx", "--for", "crew"), "--for"),
        (("--projects", tmp_path / "none.xlsx"), "none.xlsx"),
        (("--for", "mayor"), "crew"),
    ):
        told = cli("report", city, *words)
        assert told.code == 2 and said in told.err, told.err
