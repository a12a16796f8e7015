"""What the server counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from cityloop.store import GroupWriter
from cityloop.web.events import Feed

__all__ = ["MEDIA", "Metrics"]

MEDIA = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Metrics:
    """Counters of one server."""

    def __init__(self, writer: GroupWriter, feed: Feed) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "cityloop_answers", "Answers by route, method and status.", ("route", "method", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "cityloop_answer_seconds", "Time from a request's headers to its answer.", ("route", "method"),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        gauges = (
            ("cityloop_rows_waiting", "Observations that wait to be written.", lambda: writer.waiting),
            ("cityloop_rows_written", "Observations on disk since the start.", lambda: writer.rows),
            ("cityloop_commits", "Commits of observations since the start.", lambda: writer.commits),
            ("cityloop_event_readers", "Readers of the event stream now.", lambda: feed.readers),
        )
        for name, text, read in gauges:
            Gauge(name, text, registry=self.registry).set_function(read)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._answers.labels(route, method, str(status)).inc()
        self._seconds.labels(route, method).observe(seconds)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
