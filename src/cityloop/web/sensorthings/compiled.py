"""Expressions as SQL of the engine: every value is a parameter, every name comes from the model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cityloop.errors import InputError
from cityloop.web.sensorthings.model import KINDS, OBSERVATION, Kind
from cityloop.web.sensorthings.syntax import Call, Constant, Expression, Not, Path

__all__ = ["Scope", "compiled"]

_COMPARE = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_COUNT = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%"}


def _part(name: str) -> Callable[..., str]:
    return lambda x: f"CAST(date_part('{name}', {x}) AS BIGINT)"


#: Name -> (types of the arguments, type of the answer, SQL). "text", "number", "time", "truth".
_FUNCTIONS: Mapping[str, tuple[tuple[str, ...], str, Callable[..., str]]] = {
    "substringof": (("text", "text"), "truth", lambda a, b: f"contains({b}, {a})"),
    "endswith": (("text", "text"), "truth", lambda a, b: f"ends_with({a}, {b})"),
    "startswith": (("text", "text"), "truth", lambda a, b: f"starts_with({a}, {b})"),
    "length": (("text",), "number", lambda a: f"length({a})"),
    "indexof": (("text", "text"), "number", lambda a, b: f"(instr({a}, {b}) - 1)"),
    "tolower": (("text",), "text", lambda a: f"lower({a})"),
    "toupper": (("text",), "text", lambda a: f"upper({a})"),
    "trim": (("text",), "text", lambda a: f"trim({a})"),
    "concat": (("text", "text"), "text", lambda a, b: f"concat({a}, {b})"),
    "year": (("time",), "number", _part("year")),
    "month": (("time",), "number", _part("month")),
    "day": (("time",), "number", _part("day")),
    "hour": (("time",), "number", _part("hour")),
    "minute": (("time",), "number", _part("minute")),
    "second": (("time",), "number", _part("second")),
    "fractionalseconds": (("time",), "number", lambda a: f"((epoch_us({a}) % 1000000) / 1e6)"),
    "date": (("time",), "text", lambda a: f"strftime({a}, '%Y-%m-%d')"),
    "time": (("time",), "text", lambda a: f"strftime({a}, '%H:%M:%S')"),
    "totaloffsetminutes": (("time",), "number", lambda a: f"(CASE WHEN {a} IS NULL THEN NULL ELSE 0 END)"),
    "round": (("number",), "number", lambda a: f"round({a})"),
    "floor": (("number",), "number", lambda a: f"floor({a})"),
    "ceiling": (("number",), "number", lambda a: f"ceil({a})"),
}
_LATER = ("geo.", "st_")


@dataclass
class Scope:
    """The query that an expression belongs to: its kind, its alias, the joins and parameters gathered so far."""

    kind: Kind
    alias: str
    seq: int
    now: datetime
    names: Callable[[], str]
    joins: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    _reached: dict[tuple[str, ...], tuple[Kind, str]] = field(default_factory=dict)

    def parameter(self, value: Any) -> str:
        """A value as a parameter of the query."""
        name = self.names()
        self.parameters[name] = value
        return f"${name}"

    def reach(self, parts: tuple[str, ...]) -> tuple[Kind, str]:
        """The kind and alias over related entities; each is joined once."""
        if not parts:
            return self.kind, self.alias
        if parts not in self._reached:
            kind, alias = self.reach(parts[:-1])
            if parts[-1] not in kind.links:
                raise InputError(
                    f"{kind.name} has no such relation.", where="query", got=parts[-1], allowed=", ".join(kind.links)
                )
            link = kind.links[parts[-1]]
            there, b, m = KINDS[link.kind], self.names(), self.names()
            table = there.table.format(seq=self.seq) if there.table == OBSERVATION else there.table
            join = link.join.format(a=alias, b=b, m=m, B=table).replace("JOIN ", "LEFT JOIN ")
            self.joins.append(join)
            self._reached[parts] = (there, b)
        return self._reached[parts]


def compiled(expression: Expression, scope: Scope) -> tuple[str, str]:
    """An expression as SQL and its type. Raises InputError for names and types that do not fit."""
    if isinstance(expression, Constant):
        return _constant(expression, scope)
    if isinstance(expression, Path):
        return _path(expression, scope)
    if isinstance(expression, Call):
        return _call(expression, scope)
    if isinstance(expression, Not):
        sql, kind = compiled(expression.inner, scope)
        wanted = "number" if expression.minus else "truth"
        return f"({'-' if expression.minus else 'NOT '}{_as(sql, kind, wanted)})", wanted
    left, right = compiled(expression.left, scope), compiled(expression.right, scope)
    if expression.operator in ("and", "or"):
        parts = (_as(sql, kind, "truth") for sql, kind in (left, right))
        return f"({f' {expression.operator.upper()} '.join(parts)})", "truth"
    if expression.operator in _COUNT:
        a, b = (_as(sql, kind, "number") for sql, kind in (left, right))
        return f"({a} {_COUNT[expression.operator]} {b})", "number"
    return _comparison(expression.operator, left, right), "truth"


def _comparison(operator: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    """Two values of one type; with null, whether there is a value."""
    for (sql, kind), (_, other) in ((left, right), (right, left)):
        if other == "null" and operator in ("eq", "ne"):
            return f"({sql} IS {'NOT ' if operator == 'ne' else ''}NULL)" if kind != "null" else "TRUE"
    kinds = {left[1], right[1]} - {"json"}
    kind = next(iter(kinds)) if kinds else "text"
    if len(kinds) > 1:
        # A date alone is written without quotes as a time, with them as a text.
        raise InputError("Values of different types are compared.", where="$filter", got=" and ".join(sorted(kinds)))
    a, b = (_as(sql, k, kind) for sql, k in (left, right))
    return f"({a} {_COMPARE[operator]} {b})"


def _constant(constant: Constant, scope: Scope) -> tuple[str, str]:
    value = constant.value
    if value is None:
        return "NULL", "null"
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), "truth"
    kind = "number" if isinstance(value, float) else "time" if isinstance(value, datetime) else "text"
    return scope.parameter(value), kind


def _path(path: Path, scope: Scope) -> tuple[str, str]:
    """A property of an entity, or of what it is related to; below a JSON property, one of its members."""
    kind, steps = scope.kind, 0
    for part in path.parts:
        if part not in kind.links:
            break
        kind, steps = KINDS[kind.links[part].kind], steps + 1
    kind, alias = scope.reach(path.parts[:steps])
    name, *below = path.parts[steps:] or ("",)
    if name in ("id", "@iot.id"):
        return kind.key.format(a=alias), "text"
    if name not in kind.properties:
        allowed = ", ".join(("id", *kind.properties, *kind.links))
        raise InputError(f"{kind.name} has no such property.", where="query", got=name or "nothing", allowed=allowed)
    found = kind.properties[name]
    sql = found.sql.format(a=alias)
    if below and found.type != "json":
        raise InputError("This property has no parts.", where="query", got="/".join(path.parts))
    if below:
        pointer = scope.parameter("".join(f"/{part}" for part in below))
        return f"json_extract({sql}, {pointer})", "json"
    return sql, found.type


def _call(call: Call, scope: Scope) -> tuple[str, str]:
    if call.name == "now" and not call.arguments:
        return scope.parameter(scope.now), "time"
    if call.name in ("mindatetime", "maxdatetime") and not call.arguments:
        year = 1 if call.name == "mindatetime" else 9999
        return scope.parameter(datetime(year, 1, 2, tzinfo=scope.now.tzinfo)), "time"
    if call.name == "substring" and len(call.arguments) in (2, 3):
        (a, kind), *rest = (compiled(x, scope) for x in call.arguments)
        numbers = [_as(sql, k, "number") for sql, k in rest]
        begin = f"CAST({numbers[0]} AS BIGINT) + 1"
        more = f", CAST({numbers[1]} AS BIGINT)" if len(numbers) > 1 else ""
        return f"substring({_as(a, kind, 'text')}, {begin}{more})", "text"
    if call.name.startswith(_LATER):
        raise InputError("Geospatial functions are not offered yet.", where="$filter", got=call.name)
    if call.name not in _FUNCTIONS:
        raise InputError("No such function.", where="$filter", got=call.name, allowed=", ".join(sorted(_FUNCTIONS)))
    kinds, answer, sql = _FUNCTIONS[call.name]
    if len(call.arguments) != len(kinds):
        raise InputError(
            "A function with another number of arguments.", where=call.name, got=len(call.arguments), allowed=len(kinds)
        )
    given = (compiled(x, scope) for x in call.arguments)
    return sql(*(_as(text, kind, wanted) for (text, kind), wanted in zip(given, kinds, strict=True))), answer


def _as(sql: str, kind: str, wanted: str) -> str:
    """SQL of one type as that of another; a member of JSON has the type that is asked of it."""
    if kind == wanted or kind == "null":
        return sql
    if kind == "json":
        text = f"json_extract_string({sql}, '$')"
        casts = {
            "number": f"TRY_CAST({text} AS DOUBLE)",
            "time": f"TRY_CAST({text} AS TIMESTAMPTZ)",
            "truth": f"({text} = 'true')",
        }
        return casts.get(wanted, text)
    raise InputError("A value of another type.", where="$filter", got=kind, allowed=wanted)
