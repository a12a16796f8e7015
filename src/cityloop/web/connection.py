"""One connection: a client that does not say what it wants, or does not read what it asked for, is cut off."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Connection"]

#: Seconds for the head of a request to arrive; seconds in which a client that reads takes at least so many bytes.
HEAD_S, READ_S, READ_BYTES = 15.0, 15.0, 16 << 10


class Connection(H11Protocol):
    """The protocol of uvicorn with two clocks more. Without them, whoever connects and sends nothing stays for ever."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Whatever the system does not take at once starts the clock of reading; a stream waits with its next block.
        transport.set_write_buffer_limits(high=0)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_head()
        self._stop_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_reading()

    # --- the head of a request -----------------------------------------------------------------------------------
    def _await_head(self) -> None:
        """Start the clock while a head is awaited, stop it once it is there. Between requests uvicorn's own one runs."""
        if self.conn.their_state is not h11.IDLE:
            self._stop_head()
        elif self._head is None:
            self._head = self.loop.call_later(HEAD_S, self.transport.abort)

    def _stop_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    # --- the reading of an answer --------------------------------------------------------------------------------
    def _await_reader(self) -> None:
        self._stop_reading()
        left = self.transport.get_write_buffer_size()
        self._reading = self.loop.call_later(READ_S, self._look_at_reader, left)

    def _look_at_reader(self, left: int) -> None:
        if self.transport.get_write_buffer_size() > max(left - READ_BYTES, 0):
            self.transport.abort()
        else:
            self._await_reader()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
