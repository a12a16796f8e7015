"""Registers of things: what is added to a pipe, what a building becomes, and every fault named."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cityloop.errors import SettingsError
from cityloop.formats.thing_registers import read_register, register_files, register_records
from cityloop.i18n import Pair
from cityloop.records import Relation, Thing, record_id
from cityloop.settings import RegisterSettings

AREAS = (
    SimpleNamespace(id="dma-1", name=Pair("Old town", "老城")),
    SimpleNamespace(id="dma-2", name=Pair("New", "新城")),
)
PIPES = RegisterSettings(
    path="pipes.csv", id_column="管线编号", thing="pipe:{id}", part_of="分区", encoding="gb18030",
    numbers={"year": "年份"}, texts={"material": "管材"},
)  # fmt: skip
HEAD = "管线编号,分区,年份,管材\n"


def _city(folder: Path, *registers: RegisterSettings) -> SimpleNamespace:
    return SimpleNamespace(id="t", folder=folder, boundaries=AREAS, registers=registers)


def _thing(kind: str, name: str, **properties: float | str) -> Thing:
    id = record_id("t", "thing", kind, name)
    return Thing(id=id, kind=kind, name=name, location=f"place-{name}", properties=properties)


def _write(folder: Path, text: str, name: str = "pipes.csv") -> None:
    (folder / name).write_bytes((HEAD + text).encode("gb18030"))


def test_records_when_a_pipe_is_in_the_register_then_it_knows_its_year_and_area_and_keeps_what_the_model_says(tmp_path):
    _write(tmp_path, "P1,老城,1985,灰口铸铁\nP2,dma-2,,\n")
    pipes = {t.id: t for t in (_thing("pipe", "P1", length_m=12.0, material="PE"), _thing("pipe", "P2", length_m=7.0))}
    found = register_records(_city(tmp_path, PIPES), pipes)
    first, second = (found[record_id("t", "thing", "pipe", n)] for n in ("P1", "P2"))
    assert first.properties == {"length_m": 12.0, "year": 1985.0, "material": "PE"}
    assert first.relations == (Relation(kind="part_of", thing=record_id("t", "thing", "boundary", "dma-1")),)
    assert second.properties == {"length_m": 7.0} and second.location == "place-P2"


def test_records_when_no_model_has_the_pipe_then_it_is_left_out_but_a_building_is_a_thing(tmp_path):
    _write(tmp_path, "P9,,1990,PE\n")
    _write(tmp_path, "B1,dma-1,1978,\n", "buildings.csv")
    houses = RegisterSettings(
        path="buildings.csv", id_column="管线编号", thing="building:{id}", encoding="gb18030", numbers={"year": "年份"}
    )
    known = _thing("pipe", "P1")
    found = register_records(_city(tmp_path, PIPES, houses), {known.id: known})
    assert [(t.kind, t.name, t.properties) for t in found.values()] == [("building", "B1", {"year": 1978.0})]


def test_register_when_rows_are_wrong_then_each_kind_of_fault_is_told_with_its_lines(tmp_path):
    _write(tmp_path, "P1,dma-1,约1985年,PE\nP1,dma-1,1990,PE\n,dma-1,1990,PE\nP3,三区,1990,PE\n")
    faults = [str(f) for f in read_register(PIPES, tmp_path, AREAS).faults]
    assert len(faults) == 4
    assert any("年份" in f and "2: 约1985年" in f for f in faults)
    assert any("3: P1, line 2" in f for f in faults)
    assert any("Rows that name no thing." in f and "4" in f for f in faults)
    assert any("5: 三区" in f and "dma-1, dma-2" in f for f in faults)
    with pytest.raises(SettingsError):
        register_records(_city(tmp_path, PIPES), {})


def test_records_when_the_register_is_simulated_then_so_are_its_things(tmp_path):
    _write(tmp_path, "P1,dma-1,1985,PE\n")
    known = {t.id: t for t in (_thing("pipe", "P1"), _thing("pipe", "P2"))}
    (pipe,) = register_records(_city(tmp_path, replace(PIPES, simulated=True)), known).values()
    assert pipe.name == "P1" and pipe.simulated


def test_register_when_the_file_or_a_column_is_absent_then_that_is_the_fault(tmp_path):
    assert "does not exist" in str(read_register(PIPES, tmp_path, AREAS).faults[0])
    assert register_files(_city(tmp_path, PIPES)) == ()
    (tmp_path / "pipes.csv").write_bytes("管线编号,分区\nP1,dma-1\n".encode("gb18030"))
    assert "年份" in str(read_register(PIPES, tmp_path, AREAS).faults[0])
    assert register_files(_city(tmp_path, PIPES)) == (tmp_path / "pipes.csv",)
