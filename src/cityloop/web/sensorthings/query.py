"""A read as the engine runs it: options of the address, one statement for a page, one for each expansion."""

import base64
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from cityloop.errors import InputError
from cityloop.web.sensorthings.compiled import Scope, compiled
from cityloop.web.sensorthings.model import KINDS, OBSERVATION, Kind, Link
from cityloop.web.sensorthings.syntax import Expression, ordering, parse, split_top

if TYPE_CHECKING:
    from cityloop.web.service import Service

__all__ = ["Options", "Page", "Reader", "options_of"]

TOP, MOST_TOP, MOST_EXPANDED = 100, 10_000, 5
_OPTIONS = ("$filter", "$expand", "$select", "$orderby", "$top", "$skip", "$count", "$skiptoken", "$resultFormat")


@dataclass(frozen=True)
class Options:
    """The query options of one level."""

    filter: Expression | None = None
    order: tuple[tuple[Expression, bool], ...] = ()
    top: int = TOP
    skip: int = 0
    count: bool = False
    select: tuple[str, ...] = ()
    expand: Mapping[str, "Options"] = field(default_factory=dict)
    token: tuple[Any, ...] = ()
    """Columns of the default order of the last row of the page before."""
    result_format: str = ""


@dataclass
class Page:
    """Rows of one kind with what was expanded: `rows` hold columns by name, `key` among them."""

    kind: Kind
    rows: list[dict[str, Any]]
    more: bool = False
    count: int | None = None
    expanded: dict[str, dict[Any, "Page"]] = field(default_factory=dict)
    """Relation -> parent's key -> its page."""
    token: str = ""


def options_of(query: Mapping[str, str], kind: Kind, *, depth: int = 0) -> Options:
    """Options by name, checked against the kind. Raises InputError naming the option."""
    for name in query:
        if name not in _OPTIONS:
            raise InputError("No such option.", where=name, allowed=", ".join(_OPTIONS))
    expand: dict[str, Options] = {}
    for part in split_top(query["$expand"], ",") if query.get("$expand") else ():
        _expand(part.strip(), kind, expand, depth)
    select = tuple(s.strip() for s in query.get("$select", "").split(",") if s.strip())
    for name in select:
        if name not in (*kind.properties, *kind.links, "id", "@iot.id"):
            raise InputError(
                f"{kind.name} has no such property.", where="$select", got=name, allowed=", ".join(kind.properties)
            )
    count = query.get("$count", "false").lower()
    if count not in ("true", "false"):
        raise InputError("Neither true nor false.", where="$count", got=count)
    return Options(
        filter=parse(query["$filter"]) if query.get("$filter") else None,
        order=tuple(ordering(query["$orderby"])) if query.get("$orderby") else (),
        top=min(_whole(query, "$top", TOP), MOST_TOP), skip=_whole(query, "$skip", 0), count=count == "true",
        select=select, expand=expand, token=_token(query.get("$skiptoken", ""), kind),
        result_format=query.get("$resultFormat", ""),
    )  # fmt: skip


def _expand(text: str, kind: Kind, found: dict[str, Options], depth: int) -> None:
    """One item of $expand: a relation or a path of them, with options in brackets."""
    path, _, inner = text.partition("(")
    name, _, rest = path.strip().partition("/")
    if depth >= MOST_EXPANDED:
        raise InputError("Nested too deep.", where="$expand", allowed=str(MOST_EXPANDED))
    if name not in kind.links:
        raise InputError(f"{kind.name} has no such relation.", where="$expand", got=name, allowed=", ".join(kind.links))
    there = KINDS[kind.links[name].kind]
    below: dict[str, str] = {}
    if rest:
        below["$expand"] = f"{rest}({inner}" if inner else rest
    elif inner:
        for part in split_top(inner.rsplit(")", 1)[0], ";"):
            option, _, value = part.strip().partition("=")
            below[option.strip()] = value
    new = options_of(below, there, depth=depth + 1)
    if name in found:  # Datastreams/Sensor,Datastreams/Thing: the same relation with more below it
        new = replace(found[name], expand={**found[name].expand, **new.expand})
    found[name] = new


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default)).strip()
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise InputError("Not a whole number.", where=name, got=text[:40], allowed="0 and more")
    return int(text)


def _token(text: str, kind: Kind) -> tuple[Any, ...]:
    """The last row of the page before, as a next link carries it."""
    if not text:
        return ()
    try:
        values = json.loads(base64.urlsafe_b64decode(text.encode() + b"=="))
        if len(values) != len(kind.order):
            raise ValueError
        if "time" in kind.order:
            at = kind.order.index("time")
            values[at] = datetime.fromisoformat(values[at])
    except (ValueError, TypeError) as fault:
        raise InputError(
            "Not a token of a next link.", where="$skiptoken", got=text[:60], cure="Follow @iot.nextLink as it is."
        ) from fault
    return tuple(values)


class Reader:
    """One request's reads, all as of one seq, on the entities' tables."""

    def __init__(self, service: "Service", tables: Mapping[str, pa.Table]) -> None:
        self.store, self.tables = service.store, tables
        self.seq, self.now = service.store.seq(), service.clock().astimezone(UTC)
        self._numbers = itertools.count()

    def names(self) -> str:
        """A name that no other part of this request's statements has."""
        return f"x{next(self._numbers)}"

    def page(
        self, kind: Kind, options: Options, *, start: str = "", parameters: Mapping[str, Any] | None = None
    ) -> Page:
        """One page of a kind. `start` = joins and conditions that lead to it, on alias `e`, with their parameters."""
        scope = Scope(kind, "e", self.seq, self.now, self.names, parameters=dict(parameters or {}))
        joins, _, conditions = start.partition(" WHERE ")
        wheres = [conditions] if conditions else []
        if options.filter is not None:
            wheres.append(self._filter(kind, options.filter, scope))
        order = self._order(options, scope)
        table = self.table(kind)
        body = f"FROM {table} e {joins} {' '.join(scope.joins)}"
        counted = f"SELECT count(*) {body}{_where(wheres)}"
        counting = dict(scope.parameters)
        if options.token:
            names = [self.names() for _ in kind.order]
            scope.parameters |= dict(zip(names, options.token, strict=True))
            wheres.append(f"({', '.join(f'e.{c}' for c in kind.order)}) > ({', '.join(f'${n}' for n in names)})")
        columns = ", ".join((*self._columns(kind), *(f"e.{c} AS order_{c}" for c in kind.order)))
        statement = (
            f"SELECT {columns} {body}{_where(wheres)} ORDER BY {order} LIMIT {options.top + 1} OFFSET {options.skip}"
        )
        rows = self.rows(statement, scope.parameters)
        page = Page(kind, rows[: options.top], more=len(rows) > options.top)
        if options.count:
            page.count = int(next(iter(self.rows(counted, counting)[0].values())))
        if page.more and not options.order and page.rows:
            last = [page.rows[-1][f"order_{c}"] for c in kind.order]
            text = json.dumps([x.isoformat() if isinstance(x, datetime) else x for x in last])
            page.token = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        self._expand(page, options)
        return page

    def _expand(self, page: Page, options: Options) -> None:
        for name, below in options.expand.items():
            page.expanded[name] = self._related(page, page.kind.links[name], below)

    def _related(self, page: Page, link: Link, options: Options) -> dict[Any, Page]:
        """What is related to each row of a page, in one statement: a page for each of them."""
        kind = KINDS[link.kind]
        parents = {row["key"] for row in page.rows}
        if not parents:
            return {}
        scope = Scope(kind, "e", self.seq, self.now, self.names)
        wheres = [self._filter(kind, options.filter, scope)] if options.filter is not None else []
        order = self._order(options, scope)
        join = link.join.format(a="p", b="e", m=self.names(), B=self.table(kind))
        keys = [self.names() for _ in parents]
        scope.parameters |= dict(zip(keys, sorted(parents), strict=True))
        parent = page.kind.key.format(a="p")
        wheres.append(f"{parent} IN ({', '.join(f'${k}' for k in keys)})")
        if page.kind.name == "Observation":  # let the engine find the parents by their columns
            wheres.append(self._these(page.rows, scope))
        columns = ", ".join((f"{parent} AS parent", *self._columns(kind), *(f"e.{c} AS order_{c}" for c in kind.order)))
        window = f"PARTITION BY {parent}"
        statement = (
            f"SELECT {columns}, row_number() OVER ({window} ORDER BY {order}) AS place, count(*) OVER ({window}) AS among "
            f"FROM {self.table(page.kind)} p {join} {' '.join(scope.joins)}{_where(wheres)} "
            f"QUALIFY place > {options.skip} AND place <= {options.skip + options.top} ORDER BY parent, place"
        )
        found: dict[Any, Page] = {}
        for row in self.rows(statement, scope.parameters):
            one = found.setdefault(row["parent"], Page(kind, [], count=row["among"] if options.count else None))
            one.rows.append(row)
            one.more = row["among"] > options.skip + len(one.rows)
        if options.expand:
            whole = Page(kind, [row for one in found.values() for row in one.rows])
            self._expand(whole, options)
            for one in found.values():
                one.expanded = whole.expanded
        return found

    def _these(self, rows: Sequence[Mapping[str, Any]], scope: Scope) -> str:
        """Observations by datastream and time, which the engine can look for before it groups."""
        names = []
        for column in ("order_number", "order_time"):
            values = sorted({row[column] for row in rows})
            keys = [self.names() for _ in values]
            scope.parameters |= dict(zip(keys, values, strict=True))
            names.append(f"p.{column.removeprefix('order_')} IN ({', '.join(f'${k}' for k in keys)})")
        return " AND ".join(names)

    # --- SQL -----------------------------------------------------------------------------------------------------
    def table(self, kind: Kind) -> str:
        """What a kind is read from."""
        return kind.table.format(seq=self.seq) if kind.table == OBSERVATION else kind.table

    def _columns(self, kind: Kind) -> list[str]:
        named = [f'{p.sql.format(a="e")} AS "{name}"' for name, p in kind.properties.items()]
        return [f"{kind.key.format(a='e')} AS key", *named]

    def _filter(self, kind: Kind, expression: Expression, scope: Scope) -> str:
        """A condition; over relations it asks whether any of what is related makes it true."""
        inner = Scope(kind, "e", self.seq, self.now, self.names)
        sql, type_ = compiled(expression, inner)
        if type_ not in ("truth", "json"):
            raise InputError("A filter must be true or false.", where="$filter", got=type_)
        if not inner.joins:
            scope.parameters |= inner.parameters
            return f"coalesce({sql}, FALSE)"
        alias = self.names()
        within = Scope(kind, alias, self.seq, self.now, self.names)
        sql, _ = compiled(expression, within)
        scope.parameters |= within.parameters
        columns = ", ".join(f"{alias}.{c}" for c in kind.order)
        return (
            f"({', '.join(f'e.{c}' for c in kind.order)}) IN (SELECT {columns} FROM {self.table(kind)} {alias} "
            f"{' '.join(within.joins)} WHERE {sql})"
        )

    def _order(self, options: Options, scope: Scope) -> str:
        asked = [f"{compiled(x, scope)[0]} {'DESC' if down else 'ASC'} NULLS LAST" for x, down in options.order]
        return ", ".join((*asked, *(f"e.{c}" for c in scope.kind.order)))

    def rows(self, statement: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What the engine answers. Raises InputError for a query that asks for what cannot be computed."""
        with self.store.observations.cursor("reading by SensorThings", **self.tables) as db:
            try:
                table = db.sql(statement, params=dict(parameters)).to_arrow_table()
            except (duckdb.ConversionException, duckdb.BinderException, duckdb.InvalidInputException) as fault:
                raise InputError(
                    "The query asks for what cannot be computed.", where="$filter", got=str(fault)[:200]
                ) from fault
        found: list[dict[str, Any]] = table.to_pylist()
        return found


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
