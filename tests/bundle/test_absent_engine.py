"""What a user of a bundle without EPANET is told: that the engine is absent, and what helps; never a traceback."""

import ctypes
import platform
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cityloop.engines.epanet import engine, toolkit
from cityloop.errors import EngineError

INP = "[JUNCTIONS]\nA 0\n[RESERVOIRS]\nR 50\n[PIPES]\nP R A 100 100 100 0\n[END]\n"


@pytest.fixture
def without_wntr(monkeypatch):
    toolkit._library.cache_clear()
    monkeypatch.setattr(toolkit.importlib.util, "find_spec", lambda name: None)
    yield
    toolkit._library.cache_clear()


@pytest.fixture
def inp(tmp_path):
    (tmp_path / "line.inp").write_text(INP)
    return tmp_path / "line.inp"


def test_open_when_wntr_is_not_installed_then_the_engine_is_absent_with_its_cure(without_wntr, inp):
    for model in (inp, Path("wntr:ky4")):
        with pytest.raises(
            EngineError, match=r"engine 'epanet' is absent.*wntr.*Allowed: Linux x86_64.*Cure: .*pip install"
        ):
            engine.open(model)


def test_open_when_the_machine_has_another_architecture_then_it_is_named(monkeypatch, inp):
    def refuse(file):
        raise OSError("wrong ELF class")

    toolkit._library.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", refuse)
    monkeypatch.setattr(toolkit.sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(EngineError, match=r"no EPANET for this architecture.*aarch64.*Cure"):
        engine.open(inp)


def test_demo_when_wntr_is_not_installed_then_both_languages_say_so_and_nothing_is_a_traceback(without_wntr, tmp_path):
    from cityloop.cli.app import app

    for lang, says in (("en", "engine 'epanet' is absent"), ("zh", "缺少仿真引擎 epanet")):
        out = CliRunner().invoke(app, ["demo", "--lang", lang, "--no-serve", "--out", str(tmp_path / lang)])
        assert out.exit_code == 4, out.output
        assert says in out.output and "pip install 'wntr" in out.output and "Traceback" not in out.output
