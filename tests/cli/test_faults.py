"""What a user can get wrong, and what the machine can: one message, an exit code, never a traceback."""

import os
from pathlib import Path

import pytest

import cityloop.city
from cityloop.errors import EngineError, Forbidden
from cityloop.store import Store

READING = [
    ("turn",), ("take",), ("problem", "list"), ("goal", "list"), ("countermeasure", "list"), ("plan", "list"),
    ("project", "list"), ("verify",), ("report",), ("doctor",),
]  # fmt: skip


@pytest.mark.parametrize("words", READING)
def test_verb_when_the_folder_is_no_city_then_says_so(cli, tmp_path: Path, words: tuple[str, ...]) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        told = cli(*words, folder)
        assert told.code == (1 if words == ("doctor",) else 2)
        assert "no city.toml" in told.out + told.err
        assert not (tmp_path / "data").exists() and not (tmp_path / "nowhere").exists()


def test_verb_when_city_toml_has_mistakes_then_names_all_of_them(cli, bare: Path) -> None:
    text = (bare / "city.toml").read_text(encoding="utf-8")
    text = text.replace('timezone = "Asia/Shanghai"', 'timezone = "Asia/Shangai"').replace(
        'country = "CN"', 'country = "China"'
    )
    (bare / "city.toml").write_text(text.replace('binding_norm = "cn"', 'binding_norm = "zz"'), encoding="utf-8")
    told = cli("problem", "list", bare, "--json")
    assert (told.code, told.out) == (2, "")
    assert "3 fault(s)" in told.err
    assert all(word in told.err for word in ("city.timezone", "city.country", "policy.binding_norm"))
    assert "共 3 处" in cli("problem", "list", bare, "--lang", "zh").err


def test_time_when_without_offset_then_refused(cli, city: Path) -> None:
    for words in (("turn", city, "--now", "2026-03-01T00:00"), ("take", city, "--until", "2026-03-01")):
        told = cli(*words)
        assert told.code == 2 and "without its offset" in told.err and "2026-07-01T00:00+08:00" in told.err
    assert cli("turn", city, "--now", "0001-01-01T00:00+14:00").code == 2


def test_turn_when_without_observations_then_says_so(cli, bare: Path) -> None:
    (bare / "flow" / "a.csv").write_text("time,East,West register\n", encoding="utf-8")
    told = cli("turn", bare)
    assert told.code == 2 and "no observations yet" in told.err and "[[source]]" in told.err


def test_city_when_another_process_owns_it_then_names_it(process, city: Path) -> None:
    with Store.open(city / "data"):
        told = process("problem", "list", city, "--json")
        assert (told.code, told.out) == (3, "")
        assert f"process {os.getpid()}" in told.err
        examined = process("doctor", city)
        assert examined.code == 1 and f"process {os.getpid()}" in examined.out
    assert process("problem", "list", city, "--json").code == 0


def test_city_when_its_data_folder_is_a_file_then_says_so(cli, bare: Path) -> None:
    (bare / "data").write_text("", encoding="utf-8")
    told = cli("problem", "list", bare)
    assert told.code == 3 and "not a folder" in told.err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="an administrator may write everywhere")
def test_city_when_its_folder_is_read_only_then_says_so(cli, bare: Path) -> None:
    bare.chmod(0o555)
    try:
        told = cli("problem", "list", bare)
        assert told.code == 3 and "may not be written" in told.err
        examined = cli("doctor", bare)
        assert examined.code == 1 and "cannot be written" in examined.out
    finally:
        bare.chmod(0o755)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (EngineError("The network does not solve.", where="a.inp"), 4), (Forbidden("Not yours."), 5),
        (PermissionError(13, "Permission denied", "/x"), 3), (OSError(28, "No space left on device"), 3),
        (KeyboardInterrupt(), 130), (ZeroDivisionError("x"), 70), (RecursionError("deep"), 70), (MemoryError(), 70),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_verb_when_something_fails_then_one_message_and_its_code(
    cli, city: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: BaseException, code: int, lang: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(cityloop.city.City, "open", fail)
    told = cli("problem", "list", city, "--lang", lang, "--json")
    assert (told.code, told.out) == (code, "")
    assert len(told.err.strip().splitlines()) == 1
    logs = list(tmp_path.glob("cityloop-*.log"))
    assert len(logs) == (1 if code == 70 else 0)
    if logs:
        assert str(logs[0]) in told.err and "Traceback" in logs[0].read_text(encoding="utf-8")


def test_import_when_the_folder_is_no_export_then_refused(cli, bare: Path, tmp_path: Path) -> None:
    assert cli("import", tmp_path / "nowhere", bare).code == 2
    (tmp_path / "empty").mkdir()
    told = cli("import", tmp_path / "empty", bare)
    assert told.code in (2, 3) and told.err


def test_export_when_imported_then_every_record_is_back(cli, city: Path, tmp_path: Path) -> None:
    assert cli("take", city, "--until", "2024-02-01T00:00Z").code == 0
    cli("problem", "acknowledge", city, 1)
    assert cli("export", city, tmp_path / "out").code == 0
    assert cli("import", tmp_path / "out", tmp_path / "again").code == 0
    for noun in ("problem", "plan", "project"):
        first, second = (cli(noun, "show", c, 1, "--json").json for c in (city, tmp_path / "again"))
        assert first == second
    told = cli("export", city, tmp_path / "out")
    assert told.code == 3 and "not empty" in told.err
    told = cli("import", tmp_path / "out", tmp_path / "again")
    assert told.code == 3 and "not empty" in told.err


# --- doctor ------------------------------------------------------------------------------------------------------
def test_doctor_when_nothing_is_wrong_then_zero_and_no_data_made(cli, bare: Path) -> None:
    told = cli("doctor", bare, "--json")
    assert told.code == 0 and told.json["faults"] == 0
    assert {f["check"] for f in told.json["findings"]} == {"city.toml", "clock", "files", "disk", "data"}
    assert not (bare / "data").exists()
    assert "未发现故障" in cli("doctor", bare, "--lang", "zh").out


def test_doctor_when_files_are_missing_or_empty_then_says_which(cli, bare: Path) -> None:
    (bare / "flow" / "a.csv").write_text("", encoding="utf-8")
    told = cli("doctor", bare)
    assert told.code == 0 and "a.csv is empty" in told.out
    (bare / "flow" / "a.csv").unlink()
    told = cli("doctor", bare)
    assert told.code == 1 and "source flow: no file matches flow/*.csv" in told.out


def test_doctor_when_the_definition_has_mistakes_then_lists_all(cli, bare: Path) -> None:
    text = (bare / "city.toml").read_text(encoding="utf-8").replace("[policy]", "[polizy]")
    (bare / "city.toml").write_text(text, encoding="utf-8")
    found = [f for f in cli("doctor", bare, "--json").json["findings"] if f["check"] == "city.toml"]
    assert len(found) > 1 and all(f["level"] == "fault" for f in found)


def test_doctor_when_rows_were_refused_then_counts_them_and_tells_ages(cli, bare: Path) -> None:
    rows = ["2024-01-01 00:00,4.0,100", "2024-01-01 00:15,abc,101", "2024-01-01 00:30,4.1,102"]
    (bare / "flow" / "a.csv").write_text("\n".join(["time,East,West register", *rows]) + "\n", encoding="utf-8")
    taken = cli("take", bare, "--until", "2024-02-01T00:00+08:00", "--json").json
    assert taken["taken"][0]["rejected"] == 1
    told = cli("doctor", bare)
    assert told.code == 0
    assert "quarantine: 1 row(s) of flow" in told.out
    assert "newest reading 2024-01-01T00:30+08:00" in told.out


def test_doctor_when_the_model_does_not_open_then_fault(cli, bare: Path) -> None:
    text = (bare / "city.toml").read_text(encoding="utf-8")
    (bare / "net.inp").write_text("[JUNCTIONS]\nthis is no network\n", encoding="utf-8")
    (bare / "city.toml").write_text(text + '\n[[model]]\nengine = "epanet"\nfile = "net.inp"\n', encoding="utf-8")
    told = cli("doctor", bare)
    assert told.code == 1 and "[FAULT] model" in told.out


# --- what was said too little, or in one language only ------------------------------------------------------------
def test_take_when_rows_wait_or_repeat_then_says_how_many(cli, bare: Path) -> None:
    rows = ["2024-01-01 00:00,4.0,100", "2024-01-01 00:00,4.0,100", "2024-01-01 00:15,,101", "2099-01-01 00:00,4.0,102"]
    (bare / "flow" / "a.csv").write_text("\n".join(["time,East,West register", *rows]) + "\n", encoding="utf-8")
    told = cli("take", bare)
    assert told.code == 0 and "2 values lie after the limit and wait" in told.out
    assert "1 cells are empty" in told.out and "stand there twice and count once" in told.out


def test_take_when_the_delimiter_is_another_then_the_cure_names_it_in_both_languages(cli, bare: Path) -> None:
    (bare / "flow" / "a.csv").write_text("time;East;West register\n2024-01-01 00:00;4.0;100\n", encoding="utf-8")
    assert 'delimiter = ";"' in cli("take", bare).err
    told = cli("take", bare, "--lang", "zh")
    assert told.code == 2 and "缺少列：time, East, West register。" in told.err and "请声明 delimiter" in told.err
    (bare / "flow" / "b.csv").write_text("time,Eastt,West register\n", encoding="utf-8")
    told = cli("take", bare, "--lang", "zh")
    assert "有 2 个文件无法读取" in told.err and "处置：是否应为“Eastt”？" in told.err
    assert "?." not in cli("take", bare).err


def test_doctor_when_rows_were_refused_then_says_where_the_first_stands_and_why_in_chinese(cli, bare: Path) -> None:
    rows = ["2024-01-01 00:00,4.0,100", "1970-01-01 08:00,4.0,101"]
    (bare / "flow" / "a.csv").write_text("\n".join(["time,East,West register", *rows]) + "\n", encoding="utf-8")
    cli("take", bare)
    assert "1 row(s) of flow, first flow/a.csv:3: year: " in cli("doctor", bare).out
    told = cli("doctor", bare, "--lang", "zh").out
    assert "首见 flow/a.csv:3：年份异常（设备时钟故障）" in told and " d 前" not in told


def test_city_when_locked_then_the_cure_is_chinese_too(process, city: Path) -> None:
    with Store.open(city / "data"):
        told = process("problem", "list", city, "--lang", "zh")
    assert told.code == 3 and f"请等进程 {os.getpid()} 结束" in told.err
