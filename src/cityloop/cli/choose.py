"""Which record is meant by an id, the unique beginning of its hash, or its row in the list."""

from collections.abc import Iterable, Sequence

from cityloop.cli.language import say
from cityloop.errors import RecordError
from cityloop.i18n import Pair
from cityloop.records import Countermeasure, Goal, Plan, Problem, Project, RecordT, Verification

__all__ = ["choose", "hash_of", "in_order"]

TEXTS = {
    "none": Pair("No such {noun}.", "没有这样的记录（{noun}）。"),
    "many": Pair("More than one {noun} begins like this.", "以此开头的记录（{noun}）不止一条。"),
    "empty": Pair("This city has none yet.", "该城市尚无此类记录。"),
    "run_turn": Pair("Run a turn first: cityloop turn CITY.", "请先运行一轮：cityloop turn CITY。"),
    "look": Pair("Look it up: cityloop {noun} list CITY.", "可查阅：cityloop {noun} list CITY。"),
    "longer": Pair("Write more of it.", "请多写几位。"),
}


def hash_of(id: str) -> str:
    """The part of an id that tells it apart within its city and noun.

    >>> hash_of("ky4:problem:0a1b2c")
    '0a1b2c'
    """
    return id.rsplit(":", 1)[-1]


def in_order(records: Iterable[RecordT]) -> list[RecordT]:
    """The order of every list: one that no decision changes, so that a row number means the same before and after it."""

    def key(record: object) -> tuple[object, ...]:
        match record:
            case Problem():
                return (record.cost_per_year is None, record.kind, record.id)
            case Goal() | Verification():
                return (record.boundary, record.indicator, record.id)
            case Countermeasure():
                return (record.one_of == "", record.one_of, record.boundary, record.title_en, record.id)
            case Project():
                return (record.states[0].on, record.name, record.id)
            case Plan():
                return (record.years, record.id)
        return ()

    return sorted(records, key=key)


def choose(records: Sequence[RecordT], text: str, *, noun: str) -> RecordT:
    """The record meant by `text`, of a list in its order. Raises RecordError if there is none or more than one."""
    rows = in_order(records)
    if not rows:
        raise RecordError(say(TEXTS["empty"]), where=noun, got=text, cure=say(TEXTS["run_turn"]))
    exact = [r for r in rows if text in (r.id, hash_of(r.id))]
    if exact:
        return exact[0]
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= len(rows):
        return rows[int(text) - 1]
    near = [r for r in rows if text and (r.id.startswith(text) or hash_of(r.id).startswith(text))]
    if len(near) == 1:
        return near[0]
    shown = ", ".join(hash_of(r.id) for r in (near or rows)[:8]) + (" ..." if len(near or rows) > 8 else "")
    if near:
        raise RecordError(say(TEXTS["many"], noun=noun), got=text, allowed=shown, cure=say(TEXTS["longer"]))
    raise RecordError(
        say(TEXTS["none"], noun=noun), got=text, allowed=f"1..{len(rows)}; {shown}", cure=say(TEXTS["look"], noun=noun)
    )
