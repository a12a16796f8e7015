"""Running the server: address, TLS, logs that are kept, a stop that finishes what was accepted."""

import ipaddress
import json
import logging
import logging.handlers
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from cityloop.errors import InputError
from cityloop.web.app import make_app
from cityloop.web.connection import Connection
from cityloop.web.service import Service

__all__ = ["KEPT_DAYS", "Address", "make_server", "serve"]

#: Days that logs are kept; connections at once, above which the server answers 503; seconds given to a stop.
KEPT_DAYS, CONNECTIONS, STOP_S = 180, 512, 30


@dataclass(frozen=True)
class Address:
    """Where to listen, and the certificate where it is TLS. Raises InputError for what would be open to others in the clear."""

    host: str = "127.0.0.1"
    port: int = 8440
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise InputError("A certificate and its key belong together.", cure="Give both --tls-cert and --tls-key.")
        for path in (self.tls_cert, self.tls_key):
            if path is not None and not path.is_file():
                raise InputError("No such file.", where=str(path))
        if self.tls_cert is None and not self.loopback:
            raise InputError(
                "Keys and data would cross the network in the clear.", where="--host", got=self.host,
                allowed="a loopback address, or TLS", cure="Give --tls-cert and --tls-key, or a proxy in front.",
            )  # fmt: skip

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        """What clients call."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.tls_cert else ''}://{host}:{self.port}"


def serve(service: Service, address: Address, *, kept_days: int = KEPT_DAYS) -> None:
    """Serve until the process is asked to end (Ctrl-C, SIGTERM); then finish what was accepted and free the city."""
    _log_to(service.store.data / "logs", kept_days)
    server = make_server(service, address)
    try:
        server.run()
    except KeyboardInterrupt:
        return
    except SystemExit as ended:
        if server.started:
            raise
        raise InputError(
            "The server cannot listen at this address.",
            where=address.url,
            cure="Free the port, or give another: --port.",
        ) from ended


def make_server(service: Service, address: Address) -> uvicorn.Server:
    """The server of an open Service, not yet running; it closes the Service when it stops."""
    config = uvicorn.Config(
        make_app(service), host=address.host, port=address.port, http=Connection, log_config=None, access_log=False,
        server_header=False, ws="none", ssl_certfile=str(address.tls_cert) if address.tls_cert else None,
        ssl_keyfile=str(address.tls_key) if address.tls_key else None,
        limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=STOP_S, timeout_keep_alive=15,
    )  # fmt: skip
    return _Server(config, service)


class _Server(uvicorn.Server):
    """Ends the streams before it waits for the connections to end."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.feed.end()
        await super().shutdown(sockets)


def _log_to(folder: Path, days: int) -> None:
    """Access and faults as JSON lines, a file a day; keys are named by id, their secrets never reach a log."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.TimedRotatingFileHandler(
        folder / "server.jsonl", when="midnight", utc=True, backupCount=days, encoding="utf-8"
    )
    handler.setFormatter(_Line())
    for name, level in (
        ("cityloop.access", logging.INFO),
        ("cityloop.web", logging.INFO),
        ("uvicorn", logging.WARNING),
    ):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)


class _Line(logging.Formatter):
    """One record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": when, "log": record.name, "level": record.levelname, "said": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
