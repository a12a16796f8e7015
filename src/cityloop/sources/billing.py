"""Source "billing": tables of billed volumes, let in as observations by the door that all others use.

A bill has a period of its own, and a row of the store has one time: every account (area, class, way of reading) is a Thing
with series that share their stamps, the local midnight of the first day: `billed_volume` (m3), `billed_days` (how many
days the period has), `billed_rows` (how many rows of the table were added up) and `billed_estimated` (how many of them are
estimates). The files are read as one whole whenever one of them changed; a bill that is no longer there is withdrawn by a
tombstone.
"""

import glob
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from cityloop.contracts import Arrival, Rejected
from cityloop.errors import InputError
from cityloop.formats.billing import Account, Bill, RefusedBill, read_billing_files
from cityloop.records import Datastream, Quality, Relation, Thing, record_id
from cityloop.settings import CitySettings
from cityloop.settings.billing import BILLED, BillingSettings

__all__ = ["BillingSource"]

_DAY_S = 86_400


@dataclass(frozen=True)
class _Row:
    """One value to send: which series of which account, the first day of the period, value and quality."""

    account: Account
    series: str
    day: date
    value: float
    quality: Quality


class BillingSource:
    """Implements contracts.Source for one [[billing]].

    Bills that end after `until` wait. After `arrivals` ran out, `counts` says how many rows were added to another of the
    same account and period, how many bills wait, and how many were withdrawn.
    """

    def __init__(self, settings: BillingSettings, *, city: CitySettings) -> None:
        self.settings, self.city = settings, city
        self.name = settings.name
        self.counts: dict[str, int] = {}

    def arrivals(self, *, cursors: Mapping[str, str], until: datetime) -> Iterator[Arrival]:
        """All bills as one arrival if anything changed; nothing otherwise. Raises InputError for what cannot be read."""
        files = self.files()
        self.counts = {"bills": 0}
        cursor = self._cursor(cursors.get(self.name, ""))
        digest = self._digest(files)
        if digest == cursor.get("digest") and not cursor.get("waiting"):
            return
        table = read_billing_files(self.settings, files, self.city.boundaries)
        zone = ZoneInfo(self.city.timezone)
        ended = [b for b in table.bills if _midnight(b.end, zone) <= until]
        waiting = len(table.bills) - len(ended)
        if digest == cursor.get("digest") and waiting == cursor.get("waiting"):
            return
        withdrawn = self._withdrawn(ended, cursor.get("sent", []))
        self.counts = {
            "bills": len(ended), "bills_added": sum(b.rows - 1 for b in ended), "bills_waiting": waiting,
            "bills_withdrawn": len(withdrawn) // len(BILLED),
        }  # fmt: skip
        rows = [*_rows(ended), *withdrawn]
        sent = [[*_key(b.account), b.start.isoformat()] for b in ended]
        said = {_fingerprint(r): r for r in table.refused}
        new = [r for print_, r in said.items() if print_ not in cursor.get("said", [])]
        state = {"digest": digest, "waiting": waiting, "sent": sent, "said": list(said)}
        yield self._arrival(rows, new, json.dumps(state, ensure_ascii=False, separators=(",", ":")))

    def _cursor(self, text: str) -> dict[str, Any]:
        try:
            found = json.loads(text or "{}")
        except ValueError as fault:
            raise InputError(
                f"The cursor of source '{self.name}' cannot be read.", got=text[:80],
                cure="Take the source again from the start.",
            ) from fault  # fmt: skip
        return dict(found)

    def files(self) -> list[tuple[str, Path]]:
        """Name and path of every file of the table. Raises InputError where there is none."""
        folder, stated = self.city.folder, self.settings.path
        pattern = stated if Path(stated).is_absolute() else f"{glob.escape(str(folder))}/{stated}"
        found = sorted(Path(p) for p in glob.glob(pattern, recursive=True) if Path(p).is_file())
        if not found:
            raise InputError(
                f"The billing table '{self.name}' finds no file.", where="city.toml billing.path", got=pattern,
                cure="Correct the path; it is relative to the city folder.",
            )  # fmt: skip
        return [(p.relative_to(folder).as_posix() if p.is_relative_to(folder) else p.as_posix(), p) for p in found]

    def _digest(self, files: Sequence[tuple[str, Path]]) -> str:
        """Of the files and of what city.toml says about them: another class for a word changes what the rows mean."""
        total = hashlib.sha256(repr(self.settings).encode())
        for name, path in files:
            total.update(name.encode())
            try:
                total.update(path.read_bytes())
            except OSError as fault:
                raise InputError(
                    "The file cannot be read.", where=str(path), got=fault.strerror or str(fault)
                ) from fault
        return total.hexdigest()

    def _withdrawn(self, bills: Sequence[Bill], sent: Sequence[Sequence[str]]) -> list[_Row]:
        """Tombstones for what was sent before and stands in the files no longer."""
        now = {(*_key(b.account), b.start.isoformat()) for b in bills}
        gone = [key for key in sent if tuple(key) not in now]
        return [
            _Row(Account(a, use, part, mode, correction == "1"), series, date.fromisoformat(day), 0.0, Quality.TOMBSTONE)
            for a, use, part, mode, correction, day in gone
            for series in BILLED
        ]  # fmt: skip

    def _arrival(self, rows: Sequence[_Row], refused: Sequence[RefusedBill], cursor: str) -> Arrival:
        zone = ZoneInfo(self.city.timezone)
        keys = sorted({(r.account, r.series) for r in rows})
        place = {key: i for i, key in enumerate(keys)}
        batch = pa.table(
            {
                "datastream": pa.array([place[r.account, r.series] for r in rows], pa.int32()),
                "time": pa.array([_midnight(r.day, zone) for r in rows], pa.timestamp("us", "UTC")),
                "variant": pa.array([0] * len(rows), pa.int32()),
                "value": pa.array([r.value for r in rows], pa.float64()),
                "quality": pa.array([int(r.quality) for r in rows], pa.uint8()),
            }
        )
        return Arrival(
            datastreams=tuple(self._datastream(account, series) for account, series in keys),
            batch=batch,
            records=tuple(self._thing(account) for account in sorted({a for a, _ in keys})),
            rejected=tuple(Rejected(self.name, r.where, r.raw, f"{r.code}: {r.detail}") for r in refused),
            source=self.name,
            cursor=cursor,
        )

    def _thing(self, account: Account) -> Thing:
        """The account: what it is in a balance stands in its properties, what it belongs to in its relation."""
        city = self.city.id
        place = ("boundary", account.area) if account.area else ("city", city)
        return Thing(
            id=self._id("thing", account), kind="billing_account", name=f"{self.name}/{account.label}",
            simulated=self.settings.simulated,
            relations=(Relation(kind="part_of", thing=record_id(city, "thing", *place)),),
            properties={
                "component": account.component, "use": account.use, "mode": account.mode,
                "correction": float(account.correction),
                "per_household": float(account.use in self.settings.per_household),
            },
        )  # fmt: skip

    def _datastream(self, account: Account, series: str) -> Datastream:
        return Datastream(
            id=self._id("datastream", account, series), simulated=self.settings.simulated,
            name=f"{self.name}/{account.label}/{series}", thing=self._id("thing", account), sensor="",
            observed_property=series, unit=BILLED[series], statistic="total", step_s=_DAY_S,
            declared_unit=self.settings.unit if series == "billed_volume" else "", source=self.name,
        )  # fmt: skip

    def _id(self, noun: str, account: Account, *more: str) -> str:
        return record_id(self.city.id, noun, "billing_account", self.name, *_key(account), *more)


def _key(account: Account) -> tuple[str, str, str, str, str]:
    return account.area, account.use, account.component, account.mode, "1" if account.correction else "0"


def _rows(bills: Sequence[Bill]) -> Iterator[_Row]:
    for bill in bills:
        quality = Quality.ESTIMATED if bill.estimated else Quality.GOOD
        days = (bill.end - bill.start).days
        for series, value in zip(BILLED, (bill.volume_m3, days, bill.rows, bill.estimated), strict=True):
            yield _Row(bill.account, series, bill.start, float(value), quality)


def _fingerprint(refused: RefusedBill) -> str:
    """Names one refusal, so that it is told once though the table is read again as a whole."""
    return hashlib.sha256(f"{refused.where}\x1f{refused.raw}\x1f{refused.code}".encode()).hexdigest()[:12]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """First instant of a local day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
