"""What `cityloop doctor` says about registers of things: faults of their tables, and rows that no model has."""

from collections.abc import Sequence

from cityloop.cli.finding import Finding, fault_of, filled, named
from cityloop.contracts import Element
from cityloop.formats.thing_registers import read_register
from cityloop.i18n import Pair
from cityloop.settings import CitySettings

__all__ = ["TEXTS", "examine_registers"]

TEXTS = {
    "read": Pair("{file}: {n} rows", "{file}：{n} 行"),
    "absent": Pair(
        "{file}: {n} of {all} rows are about a {kind} that no model has, first {first}; they are left out",
        "{file}：{all} 行中有 {n} 行所述对象（{kind}）不在模型中，首个为 {first}，这些行不采用",
    ),
}
_CHECK = Pair("register", "台账")


def examine_registers(settings: CitySettings, models: Sequence[Sequence[Element]]) -> list[Finding]:
    """One register after the other; no model is asked of kinds that no model draws."""
    drawn = {(e.kind, e.name) for elements in models for e in elements if e.points or e.connects}
    kinds = {kind for kind, _ in drawn}
    found = []
    for stated in settings.registers:
        register = read_register(stated, settings.folder, settings.boundaries)
        found += [fault_of("register", fault) for fault in register.faults]
        things = [row.thing for row in register.rows]
        absent = [(kind, name) for kind, name in things if kind in kinds and (kind, name) not in drawn]
        values = {"file": stated.path, "n": f"{len(things):,}"}
        if not register.faults:
            found.append(_say("ok", filled(TEXTS["read"], **values)))
        if absent:
            kind, first = absent[0]
            values = {"file": stated.path, "n": f"{len(absent):,}", "all": f"{len(things):,}"}
            found.append(_say("note", filled(TEXTS["absent"], kind=kind, first=first, **values)))
    return found


def _say(level: str, text: Pair) -> Finding:
    shown = Pair(named(_CHECK.en, text).en, named(_CHECK.zh, text).zh)
    return Finding("register", level, shown)  # type: ignore[arg-type]
