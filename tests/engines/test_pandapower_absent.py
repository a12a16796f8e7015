"""The power engine where the extra `energy` is not installed, and what naming it costs."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from cityloop.engines.pandapower import engine
from cityloop.errors import EngineError


def test_open_without_the_extra_then_the_cure_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"not installed.*pip install 'cityloop\[energy\]'"):
        engine.open(Path("pandapower:lv_schutterwald"))


def test_registry_lists_engine_and_domain_without_loading_the_simulator():
    code = (
        "import sys, cityloop.registry as r; r.domains(); r.engine('pandapower'); "
        "print(sorted(m for m in ('pandapower', 'pandapipes', 'power_grid_model', 'pandas') if m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
