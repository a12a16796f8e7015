"""Addresses of the standard: from a path to a page, and a page as the standard's JSON."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from cityloop.errors import InputError
from cityloop.records import Quality
from cityloop.web.faults import HttpFault
from cityloop.web.ingest import Row, post_rows
from cityloop.web.routes import Answer, Asked, Pending, json_answer
from cityloop.web.sensorthings.model import BY_SET, KINDS, ROOT, Kind
from cityloop.web.sensorthings.query import Options, Page, Reader, options_of

if TYPE_CHECKING:
    from cityloop.store import Store, Taken
    from cityloop.web.service import Service

__all__ = [
    "create_observations",
    "delete_observation",
    "get_resource",
    "get_root",
    "patch_observation",
    "post_observation",
]

_REQUIREMENTS = "http://www.opengis.net/spec/iot_sensing/1.1/req"
CONFORMANCE = (
    f"{_REQUIREMENTS}/datamodel", f"{_REQUIREMENTS}/resource-path/resource-path-to-entities",
    f"{_REQUIREMENTS}/request-data", f"{_REQUIREMENTS}/data-array/data-array",
)  # fmt: skip
_SEGMENT = re.compile(r"([A-Za-z]+)(?:\((?:'((?:[^']|'')*)'|([\w.:-]+))\))?")


class _Reference(msgspec.Struct, rename={"id": "@iot.id"}):
    id: str


class _NewObservation(
    msgspec.Struct,
    rename={
        "time": "phenomenonTime",
        "datastream": "Datastream",
        "valid_time": "validTime",
        "result_time": "resultTime",
    },
):
    """An Observation as the standard's clients send it. What is not kept must be absent or null: nothing is lost silently."""

    result: float | None
    datastream: _Reference
    time: str = ""
    valid_time: None = None
    parameters: None = None
    result_time: str | None = None

    def __post_init__(self) -> None:
        if self.result_time not in (None, self.time):
            raise ValueError("resultTime is not kept: leave it out, or give phenomenonTime again")


class _NewArray(msgspec.Struct, rename={"datastream": "Datastream", "data": "dataArray"}):
    datastream: _Reference
    components: list[str]
    data: list[list[Any]]


def get_root(asked: Asked) -> Answer:
    """Where the entity sets are, and what of the standard is there."""
    base = asked.base + ROOT
    sets = [{"name": name, "url": f"{base}/{name}"} for name in sorted(BY_SET)]
    return json_answer({"value": sets, "serverSettings": {"conformance": list(CONFORMANCE)}})


def get_resource(asked: Asked) -> Answer:
    """An entity set, an entity, a relation, a property, or links alone, by its path."""
    path = asked.path["path"].strip("/")
    if not path:
        return get_root(asked)
    query = {name: asked.one(name) for name in asked.query}
    return _Resource(asked.service, asked.base + ROOT, path, query).answer()


class _Resource:
    """One address: the entities it leads over, and what is asked at its end."""

    def __init__(self, service: "Service", base: str, path: str, query: Mapping[str, str]) -> None:
        self.base, self.path, self.query = base, path, query
        self.reader = Reader(service, service.entities.of(service))

    def answer(self) -> Answer:
        segments = _segments(self.path)
        ref = segments[-1] == "$ref"
        raw = segments[-1] == "$value"
        segments = segments[:-1] if ref or raw else segments
        kind, start, parameters, one, rest = self._walk(segments)
        options = options_of(self.query, kind)
        if one:
            page = self.reader.page(
                kind, Options(top=1, expand=options.expand, select=options.select), start=start, parameters=parameters
            )
            if not page.rows:
                raise HttpFault(404, f"No such {kind.name}.", got=self.path[:200])
            if rest:
                return self._property(kind, page.rows[0], rest, raw=raw)
            return json_answer(self._entity(page, page.rows[0], options))
        page = self.reader.page(kind, options, start=start, parameters=parameters)
        if ref:
            return json_answer(
                self._listed(page, [{"@iot.selfLink": self._self(kind, row["key"])} for row in page.rows], options)
            )
        if options.result_format == "dataArray" and kind.name == "Observation":
            return json_answer(self._arrays(page, options))
        if options.result_format:
            raise InputError(
                "No such form of the result.",
                where="$resultFormat",
                got=options.result_format,
                allowed="dataArray, for Observations",
            )
        return json_answer(self._listed(page, [self._entity(page, row, options) for row in page.rows], options))

    def _walk(self, segments: Sequence[str]) -> tuple[Kind, str, dict[str, Any], bool, list[str]]:
        """The kind at the end of a path, the joins that lead to it, whether it is one entity, and what is left of the path."""
        parameters: dict[str, Any] = {}
        name, key = _segment(segments[0])
        if name not in BY_SET:
            raise HttpFault(404, "No such entity set.", got=name, allowed=", ".join(sorted(BY_SET)))
        kind, one = BY_SET[name], key is not None
        steps: list[tuple[Kind, str | None, str]] = [(kind, key, "")]
        rest: list[str] = []
        for number, segment in enumerate(segments[1:], 1):
            name, key = _segment(segment)
            if not one:
                raise HttpFault(404, "An entity is needed before what it is related to.", got=self.path[:200])
            if name not in kind.links:
                rest = list(segments[number:])
                break
            link = kind.links[name]
            kind, one = KINDS[link.kind], key is not None or not link.many
            steps.append((kind, key, link.join))
        return kind, self._start(steps, parameters), parameters, one, rest

    def _start(self, steps: Sequence[tuple[Kind, str | None, str]], parameters: dict[str, Any]) -> str:
        """Conditions on the end of a chain of related entities: its rows are those that the chain leads to."""
        kind, key, _ = steps[-1]
        wheres = [self._is(kind, "e", key, parameters)] if key is not None else []
        if len(steps) > 1 and kind.name == "Observation":
            # By numbers that are looked up first: the engine pushes them below its grouping, a subquery it does not.
            names: list[str] = []
            for number in self._numbers(steps[:-1]):
                names.append(self.reader.names())
                parameters[names[-1]] = number
            wheres.append(f"e.number IN ({', '.join(f'${n}' for n in names)})" if names else "FALSE")
        elif len(steps) > 1:
            chain, alias = self._chain(steps, parameters)
            chosen = ", ".join(f"{alias}.{c}" for c in kind.order)
            wheres.append(f"({', '.join(f'e.{c}' for c in kind.order)}) IN (SELECT {chosen} {chain})")
        return f" WHERE {' AND '.join(wheres)}" if wheres else ""

    def _numbers(self, steps: Sequence[tuple[Kind, str | None, str]]) -> list[int]:
        """The store's numbers of the Datastreams that a chain leads to, or whose Thing is the feature that it leads to."""
        parameters: dict[str, Any] = {}
        chain, alias = self._chain(steps, parameters)
        column = "number" if steps[-1][0].name == "Datastream" else "thing"
        inner = f"SELECT {alias}.{column} {chain}"
        rows = self.reader.rows(f"SELECT DISTINCT number FROM sta_datastream WHERE {column} IN ({inner})", parameters)
        return [row["number"] for row in rows]

    def _chain(self, steps: Sequence[tuple[Kind, str | None, str]], parameters: dict[str, Any]) -> tuple[str, str]:
        """FROM, joins and conditions over a chain of entities, and the alias of its end."""
        aliases = [self.reader.names() for _ in steps]
        joins = [
            join.format(a=aliases[i], b=aliases[i + 1], m=self.reader.names(), B=self.reader.table(there))
            for i, (there, _, join) in enumerate(steps[1:])
        ]
        wheres = [
            self._is(step, alias, k, parameters)
            for (step, k, _), alias in zip(steps, aliases, strict=True)
            if k is not None
        ]
        where = f" WHERE {' AND '.join(wheres)}" if wheres else ""
        return f"FROM {self.reader.table(steps[0][0])} {aliases[0]} {' '.join(joins)}{where}", aliases[-1]

    def _is(self, kind: Kind, alias: str, key: str, parameters: dict[str, Any]) -> str:
        """That a row is the one with this id."""
        if kind.name != "Observation":
            name = self.reader.names()
            parameters[name] = key
            return f"{kind.key.format(a=alias)} = ${name}"
        match = re.fullmatch(r"(\d{1,9})-(-?\d{1,17})-(\d{1,9})", key)
        if match is None:
            raise HttpFault(404, "No such Observation.", got=key[:100])
        number, micros, variant = (int(x) for x in match.groups())
        names = [self.reader.names() for _ in range(3)]
        parameters |= dict(zip(names, (number, micros, variant), strict=True))
        return f"{alias}.number = ${names[0]} AND {alias}.time = make_timestamptz(${names[1]}) AND {alias}.variant = ${names[2]}"

    # --- as JSON -------------------------------------------------------------------------------------------------
    def _self(self, kind: Kind, key: str) -> str:
        return f"{self.base}/{kind.set}('{quote(key.replace(chr(39), chr(39) * 2), safe=':')}')"

    def _entity(self, page: Page, row: Mapping[str, Any], options: Options) -> dict[str, Any]:
        """One entity with its links, or with what was expanded in their place."""
        kind, me = page.kind, self._self(page.kind, row["key"])
        found: dict[str, Any] = {}
        if not options.select or "id" in options.select or "@iot.id" in options.select:
            found = {"@iot.id": row["key"], "@iot.selfLink": me}
        for name, property_ in kind.properties.items():
            if not options.select or name in options.select:
                found[name] = _plain(row[name], property_.type)
        for name in kind.links:
            if name in options.expand:
                found |= self._related(page, row, name, options.expand[name], me)
            elif not options.select or name in options.select:
                found[f"{name}@iot.navigationLink"] = f"{me}/{name}"
        return found

    def _related(self, page: Page, row: Mapping[str, Any], name: str, options: Options, me: str) -> dict[str, Any]:
        link = page.kind.links[name]
        there = page.expanded[name].get(row["key"]) or Page(KINDS[link.kind], [], count=0 if options.count else None)
        entities = [self._entity(there, below, options) for below in there.rows]
        if not link.many:
            return {name: entities[0] if entities else None}
        found: dict[str, Any] = {name: entities}
        if there.count is not None:
            found[f"{name}@iot.count"] = there.count
        if there.more:
            query = urlencode({"$skip": options.skip + options.top, "$top": options.top}, safe="$")
            found[f"{name}@iot.nextLink"] = f"{me}/{name}?{query}"
        return found

    def _listed(self, page: Page, value: list[Any], options: Options) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if page.count is not None:
            found["@iot.count"] = page.count
        if page.more:
            found["@iot.nextLink"] = self._next(page, options)
        return {**found, "value": value}

    def _next(self, page: Page, options: Options) -> str:
        """The next page: by the last row of this one where the order is the default one, so that nothing is seen twice."""
        query = {k: v for k, v in self.query.items() if k not in ("$skip", "$skiptoken")}
        if page.token:
            query["$skiptoken"] = page.token
        else:
            query["$skip"] = str(options.skip + options.top)
        return f"{self.base}/{quote(self.path, safe='/()')}?{urlencode(query, safe='$,()/')}"

    def _arrays(self, page: Page, options: Options) -> dict[str, Any]:
        """Observations by datastream, as rows of the components asked for."""
        names = ["id", *(n for n in page.kind.properties if not options.select or n in options.select)]
        if options.select and "id" not in options.select:
            names = names[1:]
        groups: dict[str, list[list[Any]]] = {}
        streams = _streams(self.reader.store)
        for row in page.rows:
            values = [row["key"] if n == "id" else _plain(row[n], page.kind.properties[n].type) for n in names]
            groups.setdefault(streams[row["order_number"]], []).append(values)
        value = [
            {
                "Datastream@iot.navigationLink": self._self(KINDS["Datastream"], id_), "components": names,
                "dataArray@iot.count": len(rows), "dataArray": rows,
            }
            for id_, rows in groups.items()
        ]  # fmt: skip
        return self._listed(page, value, options)

    def _property(self, kind: Kind, row: Mapping[str, Any], rest: Sequence[str], *, raw: bool) -> Answer:
        name = rest[0]
        if len(rest) > 1 or name not in kind.properties:
            allowed = ", ".join((*kind.properties, *kind.links))
            raise HttpFault(404, f"{kind.name} has no such property.", got="/".join(rest)[:100], allowed=allowed)
        value = _plain(row[name], kind.properties[name].type)
        if value is None:
            return Answer(b"", status=204)
        if raw:
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            return Answer(text.encode(), "text/plain; charset=utf-8")
        return json_answer({name: value})


def _segments(path: str) -> list[str]:
    """Parts of a path; a slash inside quotes belongs to an id."""
    parts = re.findall(r"(?:[^/'(]|\((?:'(?:[^']|'')*'|[^')]*)\))+|\$\w+", path)
    if "/".join(parts) != path:
        raise HttpFault(404, "Not a path.", got=path[:200])
    return parts


def _segment(text: str) -> tuple[str, str | None]:
    match = _SEGMENT.fullmatch(text)
    if match is None:
        raise HttpFault(404, "Not a part of a path.", got=text[:100])
    name, quoted, plain = match.groups()
    return name, quoted.replace("''", "'") if quoted is not None else plain


def _plain(value: Any, kind: str) -> Any:
    """A value of a table as JSON."""
    if value is None:
        return None
    if kind == "time":
        moment: datetime = value
        return (
            moment.astimezone(UTC)
            .isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
            .replace("+00:00", "Z")
        )
    return msgspec.Raw(value.encode()) if kind == "json" else value


# --- sending -----------------------------------------------------------------------------------------------------
def post_observation(asked: Asked) -> Pending:
    """One Observation of a Datastream that exists; answered with its address when it is on disk."""
    new = asked.decoded(_NewObservation)
    time = new.time or asked.service.clock().isoformat()
    pending, refused = post_rows(asked, [Row(new.datastream.id, time, new.result)])
    if refused:
        raise InputError("The observation cannot be taken.", got=refused[0].reason)

    def answer(taken: "Taken") -> Answer:
        return Answer(b"", status=201, headers={"Location": _address(asked, new.datastream.id, time)})

    return Pending(pending, answer)


def _address(asked: Asked, datastream: str, time: str) -> str:
    """Where an observation that was just taken can be read."""
    number = asked.service.datastreams()[datastream][0]
    micros = round(datetime.fromisoformat(time).timestamp() * 1_000_000)
    return f"{asked.base}{ROOT}/Observations('{number}-{micros}-0')"


def _streams(store: "Store") -> dict[int, str]:
    """Datastream id by the store's number."""
    return {number: id_ for id_, number in store.control.numbers().items()}


def create_observations(asked: Asked) -> Pending:
    """Observations by the data array extension; the answer has a link or "error" for each, in their order."""
    arrays = asked.decoded(list[_NewArray])
    rows: list[Row] = []
    for array in arrays:
        at = {name: i for i, name in enumerate(array.components)}
        if "result" not in at or "phenomenonTime" not in at:
            raise InputError(
                "A data array without its columns.", where="components", got=", ".join(array.components),
                allowed="phenomenonTime, result", cure="Name both; other components are let pass.",
            )  # fmt: skip
        for values in array.data:
            result, time = (values[at[n]] if at[n] < len(values) else None for n in ("result", "phenomenonTime"))
            number = float(result) if isinstance(result, int | float) and not isinstance(result, bool) else None
            rows.append(Row(array.datastream.id, str(time), number))
    pending, refused = post_rows(asked, rows)
    bad = {r.row - 1 for r in refused}

    def answer(taken: "Taken") -> Answer:
        links = ("error" if i in bad else _address(asked, row.datastream, row.time) for i, row in enumerate(rows))
        return json_answer(list(links), status=201)

    return Pending(pending, answer)


class _Patch(msgspec.Struct, forbid_unknown_fields=True):
    """A new result; nothing else of an Observation can be changed."""

    result: float


def patch_observation(asked: Asked) -> Pending:
    """Another result for an Observation: a new row that stands from now on; the old one stays for reads as of before."""
    new = asked.decoded(_Patch)
    return _replaced(asked, lambda value, quality: (new.result, quality))


def delete_observation(asked: Asked) -> Pending:
    """An Observation that no longer stands; reads as of before still find it."""
    return _replaced(asked, lambda value, quality: (value, int(Quality.TOMBSTONE)))


def _replaced(asked: Asked, change: Callable[[float, int], tuple[float, int]]) -> Pending:
    """The row of an Observation written again. Raises HttpFault 404, or 405 for what is no Observation."""
    path = asked.path["path"].strip("/")
    segments = _segments(path)
    set_, key = _segment(segments[0])
    if len(segments) != 1 or set_ != "Observations" or key is None:
        raise HttpFault(
            405, "Only observations can be changed or deleted here.", got=path[:200],
            cure="Records keep every version: post a new entity, or change city.toml.",
        )  # fmt: skip
    resource = _Resource(asked.service, asked.base + ROOT, path, {})
    parameters: dict[str, Any] = {}
    where = resource._is(KINDS["Observation"], "e", key, parameters)
    page = resource.reader.page(KINDS["Observation"], Options(top=1), start=f" WHERE {where}", parameters=parameters)
    if not page.rows:
        raise HttpFault(404, "No such Observation.", got=key[:100])
    row = page.rows[0]
    value, quality = change(row["result"], row["resultQuality"])
    stream = _streams(asked.service.store)[row["order_number"]]
    promise, refused = post_rows(asked, [Row(stream, row["order_time"].isoformat(), value, quality)])
    if refused:
        raise InputError("The observation cannot be taken.", got=refused[0].reason)
    return Pending(promise, lambda taken: Answer(b""))
