"""Tables of positions: every faulty row named, none lost in silence, whatever the file is."""

from pathlib import Path

import openpyxl
import pytest

from cityloop.formats.positions import MOST_ROWS, read_positions_table
from cityloop.settings import PositionSettings


def settings(path="loggers.csv", **changes):
    stated = {"path": path, "crs": "EPSG:4326", "id_column": "logger", "x": "lon", "y": "lat"}
    return PositionSettings(**{**stated, **changes})


def write(folder: Path, *rows: str, header="logger,lon,lat", encoding="utf-8") -> Path:
    (folder / "loggers.csv").write_text("\n".join([header, *rows, ""]), encoding=encoding)
    return folder


def faults(table) -> str:
    return "\n".join(map(str, table.faults))


def test_positions_when_sound_then_things_and_coordinates_as_given(tmp_path):
    table = read_positions_table(settings(), write(tmp_path, "junction:J-1,116.4,39.9", "meter:水表 7,116.41,39.91"))
    assert table.things == (("junction", "J-1"), ("meter", "水表 7")) and not table.faults
    assert table.x.tolist() == [116.4, 116.41] and table.y.tolist() == [39.9, 39.91]


def test_positions_when_the_column_holds_bare_names_then_the_kind_comes_from_city_toml(tmp_path):
    table = read_positions_table(settings(thing="junction:{id}"), write(tmp_path, "J-1,116.4,39.9", "12,116.4,39.9"))
    assert table.things == (("junction", "J-1"), ("junction", "12"))


def test_positions_when_rows_are_faulty_then_each_fault_is_named_with_its_lines(tmp_path):
    rows = (
        "junction:J-1,116.4,39.9", "junction:J-2,east,39.9", "junction:J-3,,39.9", "J-4,116.4,39.9",
        "junction:J-1,116.5,39.9", "junction:J-5,116.4", "junction:J-6,39.9,116.4", "junction:J-7,400,39.9",
        "junction:J-8,nan,39.9", "junction:J-1,116.4,39.9",
    )  # fmt: skip
    table = read_positions_table(settings(), write(tmp_path, *rows))
    said = faults(table)
    assert table.things == (("junction", "J-1"),)
    assert "Coordinates that are not numbers. Where: " + str(tmp_path / "loggers.csv") + ": 3, 10." in said
    assert "without a coordinate" in said and ": 4." in said
    assert "Rows that name no thing" in said and "'J-4'" in said and 'thing = "meter:{id}"' in said
    assert "Things with two positions" in said and "junction:J-1, line 2" in said
    assert "Rows that cannot be read" in said and "2 cells" in said
    assert "look swapped" in said and 'Write x = "lat", y = "lon"' in said and ": 8." in said
    assert "outside the area of their system" in said and "lon 400" in said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "Columns missing: logger, lon, lat. "), (b"logger,lon\n", "Columns missing: lat"),
        (b"logger,lon,lat,lat\n", "more than once: lat"), (b"logger;lon;lat\nJ;1;2\n", 'delimiter = ";"'),
        ("设备,经度,纬度\n".encode("gb18030"), 'encoding = "gb18030"'), (b"\xff\xfel\0o\0", "UTF-16 or binary"),
    ],
)  # fmt: skip
def test_positions_when_the_file_cannot_be_read_then_one_fault_with_its_cure(tmp_path, content, says):
    (tmp_path / "loggers.csv").write_bytes(content)
    table = read_positions_table(settings(), tmp_path)
    assert len(table.x) == 0 and len(table.faults) == 1
    assert says in faults(table)


def test_positions_when_there_is_no_file_or_a_folder_or_another_suffix_then_a_fault(tmp_path):
    assert "does not exist" in faults(read_positions_table(settings(), tmp_path))
    (tmp_path / "loggers.csv").mkdir()
    assert "does not exist" in faults(read_positions_table(settings(), tmp_path))
    (tmp_path / "loggers.shp").write_text("")
    assert "form that is not read" in faults(read_positions_table(settings("loggers.shp"), tmp_path))


def test_positions_when_gb18030_is_stated_then_read(tmp_path):
    write(tmp_path, "junction:节点1,116.4,39.9", header="设备,经度,纬度", encoding="gb18030")
    stated = settings(encoding="gb18030", id_column="设备", x="经度", y="纬度")
    assert read_positions_table(stated, tmp_path).things == (("junction", "节点1"),)


def test_positions_when_a_workbook_or_decimal_commas_then_the_same(tmp_path):
    book = openpyxl.Workbook()
    for row in (["logger", "lon", "lat"], ["junction:J-1", 116.4, 39.9]):
        book.active.append(row)
    book.save(tmp_path / "loggers.xlsx")
    write(tmp_path, "junction:J-1;116,4;39,9", header="logger;lon;lat")
    for stated in (settings("loggers.xlsx"), settings(delimiter=";", decimal=",")):
        table = read_positions_table(stated, tmp_path)
        assert (table.things, table.x.tolist(), table.y.tolist()) == ((("junction", "J-1"),), [116.4], [39.9])
        assert not table.faults


def test_positions_when_a_million_rows_then_reading_stops_at_the_bound(tmp_path):
    rows = "".join(f"meter:{k},116.4,39.9\n" for k in range(1_000_000))
    (tmp_path / "loggers.csv").write_text("logger,lon,lat\n" + rows, encoding="utf-8")
    table = read_positions_table(settings(), tmp_path)
    assert 0 < len(table.things) <= MOST_ROWS
    assert "More positions than are read" in faults(table) and f"{MOST_ROWS:,}" in faults(table)


def test_positions_when_thousands_of_rows_are_faulty_then_the_fault_stays_short(tmp_path):
    table = read_positions_table(settings(), write(tmp_path, *(f"meter:{k},x,y" for k in range(5000))))
    assert len(table.faults) == 1 and "(+4995)" in faults(table) and len(faults(table)) < 600
