"""Remembers the answers to identical questions, up to a bound."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping

import msgspec
import numpy as np

from cityloop.contracts import Floats
from cityloop.simulation.pool import Job

__all__ = ["Memory", "question_hash"]


def question_hash(job: Job) -> bytes:
    """The same for the same question: model, method, changes and every argument."""
    index, method, changes, arguments = job
    digest = hashlib.sha256(f"{index} {method}".encode())
    digest.update(msgspec.json.encode(changes))
    for name, value in sorted(arguments.items()):
        digest.update(b"\0" + name.encode())
        if isinstance(value, Mapping):
            for key, series in sorted(value.items()):
                digest.update(repr(key).encode() + np.ascontiguousarray(series, np.float64).tobytes())
        elif isinstance(value, np.ndarray):
            digest.update(repr(value.shape).encode() + np.ascontiguousarray(value, np.float64).tobytes())
        else:
            digest.update(repr(value).encode())
    return digest.digest()


class Memory:
    """The least recently used answers go first once they take more than `size_bytes`."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes, self._held = size_bytes, 0
        self._answers: OrderedDict[bytes, Floats] = OrderedDict()

    def get(self, key: bytes) -> Floats | None:
        """The answer, or None."""
        if key in self._answers:
            self._answers.move_to_end(key)
        return self._answers.get(key)

    def put(self, key: bytes, answer: Floats) -> None:
        """Remember an answer; it is made read-only."""
        if key in self._answers or answer.nbytes > self.size_bytes:
            return
        answer.flags.writeable = False
        self._answers[key] = answer
        self._held += answer.nbytes
        while self._held > self.size_bytes:
            _, oldest = self._answers.popitem(last=False)
            self._held -= oldest.nbytes
