"""Cities for tests: the real areas of bwdf, and the pilot."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture
def bwdf(test_data: Path, tmp_path: Path) -> Path:
    """City folder of the ten real areas."""
    text = (CASES / "bwdf" / "city.toml").read_text(encoding="utf-8")
    folder = tmp_path / "bwdf"
    folder.mkdir()
    (folder / "city.toml").write_text(text.replace("DATA/", f"{test_data / 'bwdf'}/"), encoding="utf-8")
    return folder


@pytest.fixture
def pilot(tmp_path: Path) -> Callable[[str], Path]:
    """Copy of a pilot that ships with Cityloop."""

    def copy(name: str) -> Path:
        from importlib.resources import as_file, files

        with as_file(files("cityloop") / "cities" / name) as source:
            shutil.copytree(source, tmp_path / name)
        return tmp_path / name

    return copy
