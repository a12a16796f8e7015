"""A small valid city.toml that each test breaks in its own way."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cityloop.settings import example_city_toml


@pytest.fixture
def write_city(tmp_path: Path) -> Callable[..., Path]:
    """Write the example with (old, new) replacements and lines added at its end; returns the folder."""

    def write(*changes: tuple[str, str], more: str = "") -> Path:
        text = example_city_toml()
        for old, new in changes:
            assert text.count(old) >= 1, f"the example has no {old!r}"
            text = text.replace(old, new, 1)
        (tmp_path / "city.toml").write_text(text + more, encoding="utf-8")
        return tmp_path

    return write
