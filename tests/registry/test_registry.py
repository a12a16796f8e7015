"""What a stranger is told whose domain or engine is not as the contract says: named, with the cure, never a traceback."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from cityloop import registry
from cityloop.contracts import Domain
from cityloop.errors import InputError
from cityloop.i18n import Pair

WHOLE = """
from cityloop.i18n import Pair

class Made:
    name, title, priors = "{name}", Pair("Made", "虚构"), {{}}
    words, indicators, causes = {{"rerail": Pair("{word}", "复轨")}}, (), ()
    def problems(self, view, simulator): return ()
    def countermeasures(self, view, simulator, problems, goals, rates): return ()
    def kinds(self): return ()
    def series(self, view, indicator, boundary, *, start, end, exclude=()): raise NotImplementedError
    def inspected(self, view, problem, finding): return {{}}

domain = Made()
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch):
    """Installs modules of this text as entry points of a group and forgets what was found before."""
    monkeypatch.syspath_prepend(str(tmp_path))
    entries: list[EntryPoint] = []

    def forget():
        for found in (registry.domains, registry.words, registry.engine, registry.engine_names):
            found.cache_clear()

    def add(name: str, text: str, *, module: str = "", group: str = "cityloop.domains"):
        module = module or f"made_{name}"
        (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
        sys.modules.pop(module, None)
        value = f"{module}:{'domain' if group.endswith('domains') else 'engine'}"
        entries.append(EntryPoint(name=name, value=value, group=group))
        forget()

    monkeypatch.setattr(registry, "entry_points", lambda *, group: [e for e in entries if e.group == group])
    yield add
    forget()


def names(found: tuple[Domain, ...]) -> set[str]:
    return {d.name for d in found}


def test_domains_when_a_whole_one_is_installed_then_it_stands_beside_ours(install):
    install("trams", WHOLE.format(name="trams", word="Track repair"))
    assert {"trams", "water", "power"} <= names(registry.domains())
    assert registry.words()["rerail"] == Pair("Track repair", "复轨")


def test_domains_when_the_manifest_is_missing_then_it_is_named_with_what_is_needed(install):
    install("trams", "nothing = 1\n")
    with pytest.raises(InputError, match=r"manifest of the extension 'trams' is not complete.*problems.*Cure"):
        registry.domains()


def test_domains_when_the_manifest_lacks_an_attribute_then_that_one_is_named(install):
    install("trams", WHOLE.format(name="trams", word="Repair").replace("def kinds", "def sorts"))
    with pytest.raises(InputError, match=r"without kinds"):
        registry.domains()


def test_domains_when_the_manifest_has_another_name_then_that_is_said(install):
    install("trams", WHOLE.format(name="buses", word="Repair"))
    with pytest.raises(InputError, match=r"name = 'buses'"):
        registry.domains()


def test_domains_when_the_module_cannot_be_imported_then_why(install):
    install("trams", "import nothing_of_that_name\n")
    with pytest.raises(InputError, match=r"'trams' cannot be loaded.*nothing_of_that_name"):
        registry.domains()


def test_domains_when_two_have_one_name_then_both_are_named(install):
    install("water", WHOLE.format(name="water", word="Repair"), module="made_other_water")
    with pytest.raises(InputError, match=r"Two extensions named 'water'.*cityloop\.domains\.water.*made_other_water"):
        registry.domains()


def test_words_when_two_domains_name_one_key_differently_then_both_are_named(install):
    install("trams", WHOLE.format(name="trams", word="Repair of a track"))
    install("ferries", WHOLE.format(name="ferries", word="Repair of a hull"))
    with pytest.raises(InputError, match=r"'rerail' different names.*ferries"):
        registry.words()


def test_engine_when_none_has_that_name_then_those_that_exist_are_named(install):
    with pytest.raises(InputError, match=r"No such engine.*epanett.*epanet"):
        registry.engine("epanett")
