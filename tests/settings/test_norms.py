"""Norm tables: rows, their faults, and the tables that come with Cityloop."""

from pathlib import Path

import pytest

from cityloop.contracts import NormRule
from cityloop.errors import InputError, SettingsError
from cityloop.i18n import Pair
from cityloop.settings.norms import COLUMNS, WORLDS, load_norms, world_of

HEAD = ",".join(COLUMNS)


def write(folder: Path, *rows: str, head: str = HEAD, encoding: str = "utf-8") -> Path:
    (folder / "cn").mkdir(exist_ok=True)
    (folder / "cn" / "water.csv").write_text("\n".join((head, *rows)) + "\n", encoding=encoding)
    return folder


def test_load_norms_when_rows_are_right_then_rules_are_keyed(tmp_path):
    row = '管网漏损,Loss rate,漏损率,"(Qs - Qa)/Qs, yearly",10,%,CJJ 92-2016,2019-02-01,confirmed,'
    none = "ili,ILI,管网漏失指数,,,,not found when drawn up,read 2026-11,unconfirmed,no national value"
    rules = load_norms("CN", folder=write(tmp_path, row, none, encoding="utf-8-sig"))
    assert rules["管网漏损"] == NormRule(
        "cn",
        "管网漏损",
        Pair("Loss rate", "漏损率"),
        "(Qs - Qa)/Qs, yearly",
        10.0,
        "%",
        "CJJ 92-2016",
        "2019-02-01",
        "confirmed",
        domain="water",
    )
    assert (rules["ili"].limit, rules["ili"].reason_absent) == (None, "no national value")


def test_load_norms_when_rows_are_wrong_then_every_fault_names_its_line(tmp_path):
    folder = write(
        tmp_path,
        "a,A,甲,f,10,%,,2019,confirmed,",
        "b,B,乙,,,,s,2019,confirmed,",
        "c,C,丙,f,ten,%,s,2019,confirmd,",
        "d,D,丁,f,nan,%,s,2019,confirmed,",
        "d,D,丁,f,1,%,s,2019,confirmed,",
        "e,E,戊,f,1",
        ",E,戊,f,1,m,s,2019,confirmed,",
    )
    with pytest.raises(SettingsError) as caught:
        load_norms("cn", folder=folder)
    text = "\n".join(caught.value.faults)
    for said in (
        "water.csv:2 source", "water.csv:3", "Got: ten", "Did you mean 'confirmed'?", "Got: nan", "used twice",
        "water.csv:7. Allowed: 10 cells", "water.csv:8 key",
    ):  # fmt: skip
        assert said in text, said
    assert len(caught.value.faults) == 8


def test_load_norms_when_columns_differ_then_both_lists_are_named(tmp_path):
    with pytest.raises(SettingsError, match="Wrong columns"):
        load_norms("cn", folder=write(tmp_path, head="key,limit"))


def test_load_norms_when_table_is_not_utf8_then_the_cure_is_named(tmp_path):
    row = "a,A,漏损率,f,10,%,s,2019,confirmed,"
    with pytest.raises(SettingsError, match="Save the table as UTF-8"):
        load_norms("cn", folder=write(tmp_path, row, encoding="gb18030"))


def test_load_norms_when_world_has_no_folder_then_input_error(tmp_path):
    with pytest.raises(InputError, match="missing"):
        load_norms("us", folder=tmp_path)


@pytest.mark.parametrize(("country", "world"), [("CN", "cn"), ("US", "us"), ("IT", "eu"), ("DE", "eu"), ("eu", "eu")])
def test_world_of_when_country_is_known_then_its_rule_world(country, world):
    assert world_of(country) == world


def test_world_of_when_country_has_no_rules_then_the_allowed_worlds_are_named():
    with pytest.raises(InputError, match="cn, us, eu"):
        world_of("BR")


@pytest.mark.parametrize("world", WORLDS)
def test_load_norms_when_the_tables_of_cityloop_are_read_then_they_are_faultless(world):
    rules = load_norms(world)
    assert rules
    assert all(rule.source for rule in rules.values() if rule.limit is not None)


def test_load_norms_when_worlds_are_compared_then_each_has_a_row_for_every_key():
    keys = {world: set(load_norms(world)) for world in WORLDS}
    assert keys["cn"] == keys["us"] == keys["eu"]
