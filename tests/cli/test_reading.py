"""Reading verbs: lists, one record, one JSON document."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cityloop.cli.choose import hash_of
from cityloop.records import Problem, from_json, record_id

SRC = str(Path(__file__).parents[2] / "src")
DMA = record_id("my-city", "thing", "boundary", "dma-1")
NOUNS = ("problem", "goal", "countermeasure", "plan", "project")


@pytest.mark.parametrize("noun", NOUNS)
def test_list_when_json_then_one_document_with_readable_records(cli, city: Path, noun: str) -> None:
    shown = cli(noun, "list", city, "--json")
    assert shown.code == 0 and shown.err == ""
    assert shown.json["city"] == "my-city"
    rows = shown.json[f"{noun}s"]
    assert rows and all(r["noun"] == noun.capitalize() and r["version"] == 1 for r in rows)
    assert from_json(json.dumps(rows[0])).id == rows[0]["id"]


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_show_when_by_row_then_is_the_row_of_the_list(cli, city: Path, noun: str, lang: str) -> None:
    listed = cli(noun, "list", city, "--json").json[f"{noun}s"]
    for number, record in enumerate(listed, 1):
        shown = cli(noun, "show", city, number, "--json")
        assert shown.json[noun]["id"] == record["id"]
        told = cli(noun, "show", city, number, "--lang", lang)
        assert told.code == 0 and record["id"] in told.out


def test_list_when_problems_then_those_with_a_cost_come_first_and_names_are_told(cli, city: Path) -> None:
    kinds = [p["kind"] for p in cli("problem", "list", city, "--json").json["problems"]]
    assert kinds == ["burst", "growing_leakage", "failing_sensor"]
    shown = cli("problem", "list", city)
    assert "dma-1" in shown.out and "5.0 L/s (4.0 to 6.0, 90% interval)" in shown.out
    assert "5.0 L/s（90% 区间 4.0～6.0）" in cli("problem", "list", city, "--lang", "zh").out


def test_list_when_a_text_has_brackets_then_they_are_shown(cli, city: Path) -> None:
    assert "Survey [and] repair" in cli("countermeasure", "list", city).out


def test_show_when_by_unique_beginning_then_found(cli, city: Path) -> None:
    id = record_id("my-city", "problem", "burst", DMA)
    assert cli("problem", "show", city, hash_of(id)[:7], "--json").json["problem"]["id"] == id
    assert cli("problem", "show", city, id, "--json").json["problem"]["id"] == id


def test_show_when_the_beginning_is_shared_then_refused_with_the_candidates(cli, city: Path) -> None:
    shown = cli("problem", "show", city, "my-city:problem:")
    assert shown.code == 2
    assert "More than one problem begins like this." in shown.err
    assert hash_of(record_id("my-city", "problem", "burst", DMA)) in shown.err


def test_show_when_unknown_then_refused_with_a_cure(cli, city: Path) -> None:
    shown = cli("problem", "show", city, "zzz")
    assert (shown.code, shown.out) == (2, "")
    assert "Cure: Look it up: cityloop problem list CITY." in shown.err
    assert cli("problem", "show", city, "99").code == 2


def test_show_when_json_then_has_history_and_decisions(cli, city: Path) -> None:
    assert cli("problem", "acknowledge", city, "1", "--who", "Li").code == 0
    shown = cli("problem", "show", city, "1", "--json").json
    assert [r["version"] for r in shown["history"]] == [1, 2]
    assert [(d["verb"], d["who"]) for d in shown["decisions"]] == [("acknowledge", "Li")]


def test_list_when_nothing_there_then_says_so(cli, bare: Path) -> None:
    assert cli("problem", "list", bare, "--json").json == {"city": "my-city", "problems": []}
    assert "cityloop turn CITY" in cli("problem", "list", bare).out
    assert cli("verify", bare).code == 0


def test_verify_when_works_are_not_done_then_tells_why(cli, city: Path) -> None:
    shown = cli("verify", city, "--json").json
    assert shown["verifications"] == []
    assert [n["reason"] for n in shown["not_yet"]] == ["its works are proposed"]
    assert "其施工状态为已提出" in cli("verify", city, "--lang", "zh").out


def test_language_when_not_stated_then_taken_from_the_environment(cli, city: Path, monkeypatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "待处理" in cli("problem", "list", city).out
    assert "open" in cli("problem", "list", city, "--lang", "en").out
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert "open" in cli("problem", "list", city).out


def test_json_when_an_engine_prints_then_standard_output_stays_pure() -> None:
    noisy = (
        "import os, sys, ctypes\n"
        "from cityloop.cli.screen import quiet_stdout, print_json\n"
        "with quiet_stdout():\n"
        "    print('python'); os.write(1, b'kernel\\n'); ctypes.CDLL(None).puts(b'c library')\n"
        "print_json({'a': '中'})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", noisy], capture_output=True, env={**os.environ, "PYTHONPATH": SRC, "PYTHONIOENCODING": "ascii"}
    )  # fmt: skip
    assert json.loads(done.stdout.decode("utf-8")) == {"a": "中"}
    assert all(word in done.stderr for word in (b"python", b"kernel", b"c library"))


def test_list_when_the_reader_leaves_then_ends_without_a_fault(city: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "cityloop", "problem", "show", str(city), "1", "--json"], stdout=write,
        stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": SRC, "LANG": "C"},
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_list_when_the_terminal_knows_no_chinese_then_is_shown_all_the_same(city: Path) -> None:
    env = {**os.environ, "PYTHONPATH": SRC, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "cityloop", "problem", "list", str(city), "--lang", "zh"]
    done = subprocess.run(command, capture_output=True, env=env)
    assert done.returncode == 0 and b"L/s" in done.stdout


def test_records_when_read_as_problems_then_are_the_stored_ones(cli, city: Path) -> None:
    row = cli("problem", "list", city, "--json").json["problems"][0]
    found = from_json(json.dumps(row))
    assert isinstance(found, Problem) and len(found.area) == 14
