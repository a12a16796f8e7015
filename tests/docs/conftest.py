"""What stands on a page, installed as its reader would install it."""

import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cityloop import registry

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CACHES = (registry.domains, registry.engine, registry.engine_names)


def _forget(names: set[str]) -> None:
    for cache in _CACHES:
        cache.cache_clear()
    for name in [n for n in sys.modules if n.partition(".")[0] in names]:
        del sys.modules[name]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Write the files of a page into a folder on sys.path, with the metadata that its pyproject.toml stands for."""
    packages: set[str] = set()

    def write(page: str) -> Path:
        blocks = dict(_BLOCK.findall((DOCS / page).read_text(encoding="utf-8")))
        assert blocks, f"{page} has no block with file="
        for name, text in blocks.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            packages.add(name.partition("/")[0].removesuffix(".py"))
        if "pyproject.toml" in blocks:
            project = tomllib.loads(blocks["pyproject.toml"])["project"]
            info = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
            )
            lines = [
                line
                for group, entries in project["entry-points"].items()
                for line in (f"[{group}]", *(f"{name} = {place}" for name, place in entries.items()))
            ]
            (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        _forget(packages)
        return tmp_path

    yield write
    monkeypatch.undo()
    _forget(packages)
