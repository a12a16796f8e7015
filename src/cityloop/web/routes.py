"""What a route is: one row of the table from which the application, the OpenAPI document and the tests are made."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from cityloop.errors import InputError
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.store import ApiKey
    from cityloop.web.service import Service

__all__ = ["JSON", "Answer", "Asked", "Events", "Parameter", "Pending", "Route", "json_answer"]

JSON = "application/json"
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What goes back: status, body and headers."""

    body: bytes
    media: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pending:
    """An answer that waits for a promise without holding a thread."""

    promise: "Future[Any]"
    answer: Callable[[Any], Answer]


@dataclass(frozen=True)
class Events:
    """An answer without end: blocks of text/event-stream, until the client goes or the server stops."""

    blocks: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True)
class Asked:
    """One request: who asks, the parts of its path, its query and its body (decompressed)."""

    service: "Service"
    key: "ApiKey | None"
    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: bytes = b""
    media: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers, by names in small letters."""
    base: str = ""
    """Scheme, host and port that the client called, for links back."""

    @property
    def who(self) -> str:
        """The name of the key: who asks."""
        return self.key.name if self.key else ""

    @property
    def source(self) -> str:
        """The source that what is sent has in the store."""
        return f"http:{self.who}"

    def one(self, name: str, default: str = "") -> str:
        """A query parameter that may stand once. Raises InputError where it stands twice."""
        values = self.query.get(name, ())
        if len(values) > 1:
            raise InputError("A parameter stands twice.", where=name, got=", ".join(values), cure="Give it once.")
        return values[0] if values else default

    def whole(self, name: str, default: int, *, most: int) -> int:
        """A whole number from 1 to `most`."""
        text = self.one(name, str(default))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:20]) <= most:
            raise InputError("Not a number in range.", where=name, got=text[:40], allowed=f"1 to {most}")
        return int(text)

    def moment(self, name: str) -> datetime | None:
        """An ISO 8601 time with its offset; None where none is given."""
        text = self.one(name)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise InputError(
            "Not a time with its offset.", where=name, got=text[:60],
            allowed="ISO 8601, for example 2026-06-01T00:00:00Z", cure="A + in a query is written %2B.",
        )  # fmt: skip

    def decoded(self, kind: type[T]) -> T:
        """The JSON body as `kind`. Raises InputError naming the field that does not fit."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
            raise InputError(
                "The body is not what this address takes.", where="body", got=str(fault)[:300],
                allowed="the JSON that /openapi.json states",
            ) from fault  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query."""

    name: str
    title: Pair
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False


@dataclass(frozen=True)
class Route:
    """One row of the table. `scope` is what the key must allow; "" needs no key and shows nothing of the city."""

    method: str
    path: str
    scope: str
    title: Pair
    call: Callable[[Asked], Answer | Pending | Events]
    query: tuple[Parameter, ...] = ()
    body: Any = None
    bodies: tuple[str, ...] = (JSON,)
    """Media types that the body may have."""
    answer: Any = None
    status: int = 200


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A value as JSON."""
    return Answer(msgspec.json.encode(value), JSON, status, headers or {})
