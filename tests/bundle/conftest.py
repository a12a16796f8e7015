"""The scripts of bundle/ lie beside the package, not in it; tiny wheels stand in for real ones."""

import sys
import zipfile
from pathlib import Path

import pytest

BUNDLE = Path(__file__).parents[2] / "bundle"


@pytest.fixture(scope="session", autouse=True)
def _importable():
    sys.path.insert(0, str(BUNDLE))
    yield
    sys.path.remove(str(BUNDLE))


@pytest.fixture
def wheel(tmp_path):
    """Make a wheel that holds nothing but what it requires."""

    def made(name, version="1.0", requires=(), tag="py3-none-any"):
        file = tmp_path / f"{name}-{version}-{tag}.whl"
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {r}" for r in requires]
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(f"{name}-{version}.dist-info/METADATA", "\n".join(lines) + "\n")
        return file

    return made
