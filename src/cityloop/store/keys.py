"""API keys: who may ask the server for what. Only a hash is kept; a key is shown once, when it is made."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cityloop.errors import RecordError
from cityloop.store.control import Control

__all__ = ["SCOPES", "ApiKey", "Keys"]

#: What a key may do: read records and observations, send observations, decide (also turns), make and revoke keys.
SCOPES = ("read", "write", "decide", "admin")
_PREFIX = "clk"


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret. `expires` and `revoked` are None where they are not set."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime | None
    revoked: datetime | None

    def valid(self, now: datetime) -> bool:
        """Whether it opens anything at `now`."""
        return self.revoked is None and (self.expires is None or now < self.expires)


class Keys:
    """The keys of one city, in its control file."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._known: dict[str, tuple[bytes, ApiKey]] = {}
        """Keys that were asked for, by id: one process owns a city, so that nobody else changes them."""

    def make(
        self, name: str, scopes: tuple[str, ...], *, now: datetime, expires: datetime | None = None
    ) -> tuple[ApiKey, str]:
        """A new key and its secret of 256 bits, which is not kept. Raises RecordError for scopes or times that are none."""
        strange = [s for s in scopes if s not in SCOPES]
        if strange or not scopes:
            raise RecordError("No such scope.", where="scopes", got=", ".join(strange), allowed=", ".join(SCOPES))
        if not name.strip():
            raise RecordError("A key without a name.", where="name", cure="Say whose key it is.")
        if expires is not None and expires <= now:
            raise RecordError("A key that has expired already.", where="expires", got=expires.isoformat())
        key = ApiKey(
            secrets.token_hex(4), name.strip(), tuple(sorted(set(scopes), key=SCOPES.index)), now, expires, None
        )
        secret = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        with self._control.transaction("writing keys") as db:
            db.execute(
                "INSERT INTO api_key VALUES (?, ?, ?, ?, ?, ?, '')",
                (key.id, key.name, _hash(secret), " ".join(key.scopes), _text(now), _text(expires)),
            )
        return key, f"{_PREFIX}_{key.id}_{secret}"

    def find(self, token: str, *, now: datetime) -> ApiKey | None:
        """The key that a token opens; None for one that is unknown, expired or revoked."""
        parts = token.split("_", 2)
        if len(parts) != 3 or parts[0] != _PREFIX:
            return None
        held = self._known.get(parts[1])
        if held is None:
            with self._control.held() as db:
                row = db.execute("SELECT * FROM api_key WHERE id = ?", (parts[1],)).fetchone()
                if row is None:
                    return None
                # While nobody writes: else a key revoked in between would be remembered as valid.
                held = self._known[parts[1]] = (row[2], _key(row))
        # A hash without salt or stretching is enough for 256 random bits; compared in constant time.
        if not hmac.compare_digest(held[0], _hash(parts[2])):
            return None
        return held[1] if held[1].valid(now) else None

    def all(self) -> tuple[ApiKey, ...]:
        """Every key ever made, oldest first."""
        with self._control.held() as db:
            return tuple(_key(row) for row in db.execute("SELECT * FROM api_key ORDER BY created, id"))

    def revoke(self, id_: str, *, now: datetime) -> ApiKey:
        """End a key now. Raises RecordError for an id that is none."""
        with self._control.transaction("writing keys") as db:
            db.execute("UPDATE api_key SET revoked = ? WHERE id = ? AND revoked = ''", (_text(now), id_))
            row = db.execute("SELECT * FROM api_key WHERE id = ?", (id_,)).fetchone()
            self._known.pop(id_, None)
        if row is None:
            raise RecordError("No such key.", got=id_, allowed=", ".join(k.id for k in self.all()) or "none exists")
        return _key(row)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _text(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment is not None else ""


def _key(row: tuple[Any, ...]) -> ApiKey:
    created, expires, revoked = (datetime.fromisoformat(t) if t else None for t in row[4:7])
    assert created is not None
    return ApiKey(row[0], row[1], tuple(row[3].split()), created, expires, revoked)
