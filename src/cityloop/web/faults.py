"""Errors as answers: one JSON shape, with what, where, got, allowed and cure."""

import msgspec

from cityloop.errors import (
    Cancelled,
    CityLocked,
    CityloopError,
    Forbidden,
    InputError,
    RecordError,
    StoreBusy,
    StoreError,
    StoreFull,
)
from cityloop.web.routes import Answer, json_answer

__all__ = ["Fault", "Faulty", "HttpFault", "answer_of", "refusal"]


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request was refused, in words that lead to a cure."""

    status: int
    kind: str
    what: str
    where: str = ""
    got: str = ""
    allowed: str = ""
    cure: str = ""


class Faulty(msgspec.Struct, frozen=True):
    """The one shape of every error."""

    error: Fault


class HttpFault(CityloopError):
    """A fault of the request itself, with the status of the HTTP standard (RFC 9110) that says it."""

    def __init__(
        self, status: int, what: str, *, where: str = "", got: object = None, allowed: object = None, cure: str = ""
    ) -> None:
        super().__init__(what, where=where, got=got, allowed=allowed, cure=cure)
        self.status = status


_STATUS: tuple[tuple[type[CityloopError], int], ...] = (
    (StoreBusy, 429), (StoreFull, 507), (CityLocked, 503), (StoreError, 500), (Forbidden, 403), (RecordError, 409),
    (InputError, 400), (Cancelled, 409),
)  # fmt: skip


def answer_of(fault: CityloopError) -> Answer:
    """The answer to a request that raised `fault`."""
    status = (
        fault.status if isinstance(fault, HttpFault) else next((s for k, s in _STATUS if isinstance(fault, k)), 500)
    )
    more = {429: {"Retry-After": "1"}, 503: {"Retry-After": "5"}, 401: {"WWW-Authenticate": "Bearer"}}
    return refusal(
        status, type(fault).__name__, fault.what, where=fault.where, got=fault.got, allowed=fault.allowed,
        cure=fault.cure, headers=more.get(status, {}),
    )  # fmt: skip


def refusal(
    status: int, kind: str, what: str, *, where: str = "", got: object = None, allowed: object = None, cure: str = "",
    headers: dict[str, str] | None = None,
) -> Answer:  # fmt: skip
    """An error as JSON; what was sent is given back shortened."""
    said = {name: "" if x is None else str(x)[:500] for name, x in (("got", got), ("allowed", allowed))}
    return json_answer(
        Faulty(Fault(status=status, kind=kind, what=what, where=where, cure=cure, **said)),
        status=status,
        headers=headers,
    )
