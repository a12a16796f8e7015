"""Deciding verbs: each becomes a Decision with a name, and a new version of what it is about."""

from pathlib import Path

import pytest

from cityloop.records import Decision, Filter
from cityloop.store import Store

ALL = Filter.operator()


def decisions(city: Path) -> list[Decision]:
    with Store.open(city / "data") as store:
        return sorted(store.records(Decision, ALL), key=lambda d: d.when)


def status(cli, city: Path, row: int) -> str:
    return cli("problem", "show", city, row, "--json").json["problem"]["status"]


def test_acknowledge_when_decided_then_new_status_and_decision(cli, city: Path) -> None:
    told = cli("problem", "acknowledge", city, 1, 2, "--who", "Wang")
    assert told.code == 0 and told.out.count("acknowledge. Now: acknowledged.") == 2
    assert [status(cli, city, n) for n in (1, 2, 3)] == ["acknowledged", "acknowledged", "open"]
    assert {d.who for d in decisions(city)} == {"Wang"}


def test_acknowledge_when_one_id_is_wrong_then_nothing_is_decided(cli, city: Path) -> None:
    assert cli("problem", "acknowledge", city, 1, "nope").code == 2
    assert decisions(city) == []


def test_row_number_when_a_status_changes_then_stays(cli, city: Path) -> None:
    before = [p["id"] for p in cli("problem", "list", city, "--json").json["problems"]]
    cli("problem", "dismiss", city, 1, "--reason", "new school")
    assert [p["id"] for p in cli("problem", "list", city, "--json").json["problems"]] == before


def test_dismiss_when_without_reason_then_refused(cli, city: Path) -> None:
    told = cli("problem", "dismiss", city, 1)
    assert told.code == 2 and "A dismissal needs its reason." in told.err
    assert cli("problem", "dismiss", city, 1, "--reason", "new school").code == 0
    assert status(cli, city, 1) == "dismissed"
    assert cli("problem", "reopen", city, 1).code == 0
    assert status(cli, city, 1) == "open"


def test_assign_when_named_then_kept(cli, city: Path) -> None:
    assert cli("problem", "assign", city, 1).code == 2
    assert cli("problem", "assign", city, 1, "--to", "东区所").code == 0
    assert cli("problem", "show", city, 1, "--json").json["problem"]["assigned_to"] == "东区所"


def test_merge_when_into_a_row_then_its_id_is_kept(cli, city: Path) -> None:
    target = cli("problem", "show", city, 1, "--json").json["problem"]["id"]
    assert cli("problem", "merge", city, 2, "--into", 1).code == 0
    found = cli("problem", "show", city, 2, "--json").json["problem"]
    assert (found["status"], found["merged_into"]) == ("merged", target)
    assert cli("problem", "merge", city, 1, "--into", 1).code == 2


def test_who_when_not_stated_then_the_user(cli, city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "zhao")
    cli("problem", "acknowledge", city, 1)
    assert [d.who for d in decisions(city)] == ["zhao"]


def test_plan_when_approved_then_its_projects_are(cli, city: Path) -> None:
    told = cli("plan", "approve", city, 1, "--lang", "zh")
    assert told.code == 0 and "当前状态：已批准" in told.out
    states = cli("project", "show", city, 1, "--json").json["project"]["states"]
    assert [s["state"] for s in states] == ["proposed", "approved"]
    assert cli("plan", "approve", city, 1).code == 2


def test_project_when_set_then_keeps_its_paper_trail(cli, city: Path) -> None:
    cli("plan", "approve", city, 1)
    told = cli(
        "project", "set", city, 1, "funded", "--cost", "5200", "--department", "供水处", "--document", "2026-12",
        "--note", "first half",
    )  # fmt: skip
    assert told.code == 0
    entry = cli("project", "show", city, 1, "--json").json["project"]["states"][-1]
    assert entry["cost"]["amount"] == 5200.0 and entry["cost"]["currency"] == "CNY"
    assert (entry["department"], entry["document"], entry["note"]) == ("供水处", "2026-12", "first half")
    assert "供水处" in cli("project", "show", city, 1).out


@pytest.mark.parametrize(
    "options",
    [
        ("--on", "2026-06-01"), ("--on", "yesterday"), ("--on", "2999-01-01T00:00Z"), ("--on", "2026-06-01T08:00"),
        ("--cost", "-5"), ("--cost", "nan"), ("--cost", "much"), ("--currency", "CNY"), ("--cost", "5", "--currency", "euro"),
    ],
)  # fmt: skip
def test_project_when_set_with_a_wrong_value_then_refused(cli, city: Path, options: tuple[str, ...]) -> None:
    cli("plan", "approve", city, 1)
    told = cli("project", "set", city, 1, "funded", *options)
    assert (told.code == 2 and told.out == "" and "Got:" in told.err) or "Cure:" in told.err
    assert len(cli("project", "show", city, 1, "--json").json["project"]["states"]) == 2


def test_project_when_a_state_is_skipped_then_refused(cli, city: Path) -> None:
    told = cli("project", "set", city, 1, "done", "--cost", "1")
    assert told.code == 2 and "Allowed: approved, cancelled" in told.err


def test_inspect_when_a_leak_has_no_place_then_refused(cli, city: Path) -> None:
    told = cli("project", "inspect", city, 1, "--found", "leak", "--flow", "3")
    assert told.code == 2 and "--place P-12" in told.err
    assert cli("project", "inspect", city, 1, "--found", "none", "--flow", "inf").code == 2
    assert cli("project", "inspect", city, 1, "--found", "none").code == 2  # not started


def test_error_when_in_chinese_then_its_parts_are(cli, city: Path) -> None:
    told = cli("problem", "show", city, "zzz", "--lang", "zh")
    assert told.code == 2
    assert "没有这样的记录" in told.err and "实际：zzz。" in told.err and "处置：" in told.err


def test_plan_when_approved_earlier_then_its_projects_may_start_then(cli, city: Path) -> None:
    assert cli("plan", "approve", city, 1, "--on", "2024-03-02T09:00+08:00").code == 0
    early = cli("project", "set", city, 1, "started", "--on", "2024-03-01T12:00+08:00", "--lang", "zh")
    assert early.code == 2 and "请更正该状态的时间（--on）" in early.err
    assert cli("plan", "approve", city, 1, "--on", "2024-03-02T09:00").code == 2
    states = cli("project", "show", city, 1, "--json").json["project"]["states"]
    assert states[1]["on"] == "2024-03-02T01:00:00Z"


def test_project_when_shown_in_chinese_then_its_decisions_and_findings_are(cli, city: Path) -> None:
    cli("problem", "assign", city, 1, "--to", "东区班组")
    shown = cli("problem", "show", city, 1, "--lang", "zh").out
    assert "指派（给 东区班组）" in shown


def test_list_when_a_day_began_in_the_city_then_its_date_is_the_city_s(cli, city: Path) -> None:
    # 2024-03-01 00:00 UTC is 08:00 of that day in Shanghai, 23:00 UTC the next day's morning.
    assert cli("plan", "approve", city, 1, "--on", "2024-03-01T23:00Z").code == 0
    assert "2024-03-02" in cli("project", "list", city).out


def test_countermeasure_when_shown_then_an_exact_quantity_has_no_interval() -> None:
    from cityloop.cli.show import estimate
    from cityloop.records import Estimate

    assert estimate(Estimate(value=7.5, low=7.5, high=7.5, level=0.9, unit="km")) == "7.5 km"
