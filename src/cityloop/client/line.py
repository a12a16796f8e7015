"""The line to a server: every refusal as the error that the server raised, and patience where it asks for some."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import httpx
import msgspec

from cityloop import errors
from cityloop.errors import CityloopError, Forbidden, InputError, RecordError, StoreBusy, StoreError, StoreFull

__all__ = ["Line", "Unreachable"]

T = TypeVar("T")
_BY_STATUS: Mapping[int, type[CityloopError]] = MappingProxyType(
    {401: Forbidden, 403: Forbidden, 404: RecordError, 409: RecordError, 429: StoreBusy, 503: StoreBusy, 507: StoreFull}
)
#: Longest wait between two tries, s.
LONGEST_S = 30.0


class Unreachable(CityloopError):
    """Nobody answers at the address, or the line broke; whether the last request was taken is not known."""

    exit_code = 3


class Line:
    """Requests to one server with one key. `patience_s`: how long a request is tried again while the server is too busy."""

    def __init__(self, url: str, key: str, *, ca: Path | None, timeout_s: float, patience_s: float) -> None:
        address = httpx.URL(url.rstrip("/"))
        if address.scheme not in ("http", "https") or not address.host:
            raise InputError("Not the address of a server.", got=url, allowed="for example http://127.0.0.1:8440")
        self.url, self.patience_s, self._timeout_s = str(address), patience_s, timeout_s
        self._http = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=timeout_s,
            verify=_trusted(ca), trust_env=address.host not in ("localhost", "127.0.0.1", "::1"),
        )  # fmt: skip

    def close(self) -> None:
        """End the line."""
        self._http.close()

    def ask(self, method: str, path: str, **parts: Any) -> httpx.Response:
        """An answer. While the server is too busy (429, 503: it took nothing) it is asked again when it says so.

        Raises the server's own error, or Unreachable.
        """
        until = time.monotonic() + self.patience_s
        while True:
            with self._reached():
                answer = self._http.request(method, path, **parts)
            if answer.is_success:
                return answer
            wait = _wait(answer)
            if answer.status_code not in (429, 503) or time.monotonic() + wait > until:
                raise refusal(answer)
            time.sleep(wait)

    def json(self, kind: type[T], method: str, path: str, **parts: Any) -> T:
        """The JSON of an answer as `kind`."""
        answer = self.ask(method, path, **parts)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as fault:
            raise InputError(
                "The answer is not what this client knows.", where=f"{self.url}{path}", got=str(fault)[:300],
                cure="Use a client of the server's version.",
            ) from fault  # fmt: skip

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str], *, quiet_s: float) -> Iterator[httpx.Response]:
        """An answer that is read as it comes; Unreachable after `quiet_s` without a sign of life."""
        timeout = httpx.Timeout(self._timeout_s, read=quiet_s)
        with (
            self._reached(),
            self._http.stream("GET", path, headers=dict(headers), timeout=timeout) as answer,
        ):
            if not answer.is_success:
                answer.read()
                raise refusal(answer)
            yield answer

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except (httpx.TransportError, httpx.InvalidURL) as fault:
            raise Unreachable(
                "The server does not answer.", where=self.url, got=f"{type(fault).__name__} {fault}".strip(),
                cure="Is it running (cityloop serve CITY), and is the address right?",
            ) from fault  # fmt: skip


def _trusted(ca: Path | None) -> Any:
    """Whose certificates are trusted: the system's authorities, or those of a file."""
    if ca is None:
        return True
    import ssl

    try:
        return ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError) as fault:
        raise InputError("Certificates that cannot be read.", where=str(ca), got=str(fault)) from fault


def _wait(answer: httpx.Response) -> float:
    """Seconds after which the server wants to be asked again."""
    said = answer.headers.get("Retry-After", "")
    return min(float(said), LONGEST_S) if said.isascii() and said.isdigit() else 1.0


def refusal(answer: httpx.Response) -> CityloopError:
    """The error that a server told, as it told it."""
    status = answer.status_code
    try:
        told = msgspec.json.decode(answer.content)["error"]
        told = {name: str(told.get(name, "")) for name in ("kind", "what", "where", "got", "allowed", "cure")}
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        told = {
            "kind": "",
            "what": f"The server answered {status}.",
            "got": answer.text[:200],
            "where": str(answer.url),
        }
    named = getattr(errors, told.pop("kind"), None)
    known = isinstance(named, type) and issubclass(named, CityloopError) and named is not errors.SettingsError
    kind = named if known else _BY_STATUS.get(status, InputError if status < 500 else StoreError)
    assert kind is not None
    return kind(told.pop("what"), **told)
