"""The examinations of `cityloop doctor`, each a list of findings; none changes the city or its data."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from cityloop.cli.finding import Finding, fault_of, filled, named
from cityloop.cli.screen import relabelled
from cityloop.cli.show import iso
from cityloop.contracts import Element
from cityloop.errors import CityloopError, SettingsError
from cityloop.i18n import Pair
from cityloop.records import Datastream, Filter
from cityloop.settings import CitySettings, load_city
from cityloop.settings.billing import BILLED

__all__ = ["Finding", "examine"]

LOW_DISK_BYTES = 1_000_000_000
"""Below a gigabyte a season of minute readings of some hundred loggers no longer fits."""
EARLIEST_YEAR = 2025
"""A clock before it was never set: Cityloop is younger."""
_ALL = Filter.operator()
_ROWS = 10


def examine(folder: Path, *, now: datetime) -> list[Finding]:
    """Every finding about a city folder at the clock's `now`."""
    try:
        settings = load_city(folder)
    except SettingsError as fault:
        return [*(Finding("city.toml", "fault", named("city.toml", Pair(t, t))) for t in fault.faults), *_disk(folder)]
    except CityloopError as fault:
        return [fault_of("city.toml", fault)]
    words = Pair("city.toml: {id}, no fault", "city.toml：{id}，无误")
    found = [Finding("city.toml", "ok", filled(words, id=settings.id))]
    checks: tuple[Callable[[], list[Finding]], ...] = (
        lambda: _clock(settings, now), lambda: _files(settings), lambda: _models(settings),
        lambda: _beside(settings), lambda: _billing(settings), lambda: _requests(settings),
        lambda: _disk(folder), lambda: _data(settings, folder, now),
    )  # fmt: skip
    for check in checks:
        found += check()
    return found


def _clock(settings: CitySettings, now: datetime) -> list[Finding]:
    here = iso(now, settings.timezone)
    words = Pair("clock: {here} in {zone}", "时钟：{here}（{zone}）")
    found = [Finding("clock", "ok", filled(words, here=here, zone=settings.timezone), {"now": here})]
    if now.year < EARLIEST_YEAR:
        words = Pair("clock: this machine's clock says {here}; set it", "时钟：本机时间为 {here}，请校准")
        found = [Finding("clock", "fault", filled(words, here=here))]
    return found


def _files(settings: CitySettings) -> list[Finding]:
    """Every file that a source names: there, readable, not empty."""
    found = []
    for source in settings.files:
        pattern = Path(source.path)
        root, relative = (Path(pattern.anchor), pattern.relative_to(pattern.anchor)) if pattern.is_absolute() else (
            settings.folder, pattern
        )  # fmt: skip
        paths = sorted(root.glob(str(relative)))
        if not paths:
            words = Pair("source {name}: no file matches {path}", "来源 {name}：没有文件匹配 {path}")
            found.append(Finding("files", "fault", filled(words, name=source.name, path=source.path)))
            continue
        faults = [(p, why) for p in paths if (why := _unreadable(p))]
        for path, why in faults:
            words = Pair("source {name}: {path} cannot be read ({why})", "来源 {name}：{path} 无法读取（{why}）")
            found.append(Finding("files", "fault", filled(words, name=source.name, path=path, why=why)))
        empty = [p for p in paths if (p, _unreadable(p)) not in faults and p.stat().st_size == 0]
        for path in empty:
            words = Pair("source {name}: {path} is empty", "来源 {name}：{path} 为空文件")
            found.append(Finding("files", "note", filled(words, name=source.name, path=path)))
        if not faults:
            words = Pair("source {name}: {n} file(s), {mb} MB", "来源 {name}：{n} 个文件，{mb} MB")
            size = f"{sum(p.stat().st_size for p in paths) / 1e6:,.1f}"
            found.append(Finding("files", "ok", filled(words, name=source.name, n=len(paths), mb=size)))
    return found


def _unreadable(path: Path) -> str:
    """Why a file cannot be read, "" if it can."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as fault:
        return fault.strerror or type(fault).__name__
    return ""


def _models(settings: CitySettings) -> list[Finding]:
    """Every model opens, and has no fault that its engine can name."""
    from cityloop.registry import engine

    found = []
    for stated in settings.models:
        path = stated.path(settings.folder)
        try:
            model = engine(stated.engine).open(path)
            faults = tuple(model.check()) if hasattr(model, "check") else ()
        except CityloopError as fault:
            found.append(fault_of("model", fault))
            continue
        for text in map(str, faults):
            found.append(Finding("model", "fault", named(f"model {stated.file}", Pair(text, relabelled(text)))))
        if not faults:
            words = Pair("model {file}: {n} elements, solves", "模型 {file}：{n} 个元素，可求解")
            values = filled(words, file=stated.file, n=f"{len(model.elements()):,}")
            found.append(Finding("model", "ok", values))
    return found


def _requests(settings: CitySettings) -> list[Finding]:
    """Tables of citizens' requests."""
    if not settings.requests:
        return []
    from cityloop.cli.examine_requests import examine_requests

    return examine_requests(settings)


def _beside(settings: CitySettings) -> list[Finding]:
    """Registers and positions, beside the models. A model that does not open has been named before."""
    if not (settings.positions or settings.registers):
        return []
    from cityloop.cli.examine_positions import examine_positions
    from cityloop.cli.examine_registers import examine_registers
    from cityloop.registry import engine

    models: list[Sequence[Element]] = []
    for stated in settings.models:
        with suppress(CityloopError):
            models.append(engine(stated.engine).open(stated.path(settings.folder)).elements())
    return [*examine_registers(settings, models), *(examine_positions(settings, models) if settings.positions else ())]


def _billing(settings: CitySettings) -> list[Finding]:
    """Tables of billed volumes, where there are any."""
    if not settings.billing:
        return []
    from cityloop.cli.examine_billing import examine_billing

    return examine_billing(settings)


def _disk(folder: Path) -> list[Finding]:
    """Room and the right to write where the data lies or will lie."""
    place = folder / "data" if (folder / "data").is_dir() else folder
    if not place.is_dir():
        return []
    free = shutil.disk_usage(place).free
    room = f"{free / 1e9:,.1f}"
    words = Pair("disk: {room} GB free at {place}", "磁盘：{place} 剩余 {room} GB")
    level: Literal["fault", "ok"] = "fault" if free < LOW_DISK_BYTES else "ok"
    found = [Finding("disk", level, filled(words, room=room, place=place), {"free_bytes": free})]
    try:
        handle, name = tempfile.mkstemp(prefix=".doctor-", dir=place)
        os.close(handle)
        os.unlink(name)
    except OSError as fault:
        words = Pair("disk: {place} cannot be written ({why})", "磁盘：{place} 不可写（{why}）")
        found.append(Finding("disk", "fault", filled(words, place=place, why=fault.strerror)))
    return found


def _data(settings: CitySettings, folder: Path, now: datetime) -> list[Finding]:
    """Lock, version, age of every stream, quarantine. A city without data is not given any by looking."""
    from cityloop.store import Store

    if not (folder / "data").is_dir():
        words = Pair("data: none yet; cityloop turn CITY takes the first", "数据：暂无，运行 cityloop turn CITY 收录")
        return [Finding("data", "note", words)]
    if not os.access(folder / "data", os.W_OK):
        return []  # said by the look at the disk
    try:
        with Store.open(folder / "data") as store:
            return [
                Finding("data", "ok", Pair("data: free, version fits", "数据：未被占用，版本相符")),
                *_ages(store, settings, now),
                *_quarantine(store),
            ]
    except CityloopError as fault:
        return [fault_of("data", fault)]


def _ages(store: Any, settings: CitySettings, now: datetime) -> list[Finding]:
    """How old the last reading of every stream is, beside the newest reading of the city; bills come by their period."""
    known = store.records(Datastream, _ALL)
    bills = {s.id for s in known if s.observed_property in BILLED}
    streams = {s.id: s for s in known if s.id not in bills}
    rows = [r for r in store.latest(_ALL).to_pylist() if str(r["datastream"]) not in bills]
    last = {str(r["datastream"]): _utc(r["time"]) for r in rows}
    if not last:
        words = Pair("data: {n} streams, no reading yet", "数据：{n} 个数据流，尚无读数")
        return [Finding("age", "note", filled(words, n=len(streams)))]
    newest, oldest = max(last.values()), min(last.values())
    words = Pair(
        "age: {n} streams; newest reading {newest} ({age} ago), oldest last reading {oldest}",
        "时效：{n} 个数据流；最新读数 {newest}（{age}前），最早中断的数据流止于 {oldest}",
    )
    zone = settings.timezone
    age, values = _span(now - newest), {"n": len(last), "newest": iso(newest, zone), "oldest": iso(oldest, zone)}
    shown = Pair(words.in_("en", age=age.en, **values), words.in_("zh", age=age.zh, **values))
    ages = {streams[i].name if i in streams else i: iso(t, zone) for i, t in sorted(last.items())}
    found = [Finding("age", "ok", shown, ages)]
    if newest > now + timedelta(days=1):
        words = Pair("age: readings from the future, until {newest}", "时效：存在未来时刻的读数，直到 {newest}")
        played = settings.twin is not None
        found.append(Finding("age", "note" if played else "fault", filled(words, newest=iso(newest, zone))))
    silent = [(i, t) for i, t in last.items() if i in streams and newest - t > _patience(streams[i])]
    for id, time in sorted(silent, key=lambda pair: pair[1])[:_ROWS]:
        words = Pair("age: {name} is silent since {time}", "时效：{name} 自 {time} 起无读数")
        found.append(Finding("age", "note", filled(words, name=streams[id].name, time=iso(time, zone))))
    if len(silent) > _ROWS:
        words = Pair("age: {n} more silent streams; all with --json", "时效：另有 {n} 个静默数据流，见 --json")
        found.append(Finding("age", "note", filled(words, n=len(silent) - _ROWS)))
    return found


def _patience(stream: Datastream) -> timedelta:
    """A stream is silent when it missed a day, or ten of its own steps if these are longer."""
    return max(timedelta(days=1), timedelta(seconds=10 * stream.step_s))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _span(length: timedelta) -> Pair:
    days, hours = f"{length / timedelta(days=1):,.0f}", f"{length / timedelta(hours=1):,.0f}"
    return Pair(f"{days} d", f"{days} 天") if abs(length) >= timedelta(days=2) else Pair(f"{hours} h", f"{hours} 小时")


def _quarantine(store: Any) -> list[Finding]:
    """Refused rows by source and reason, each with the place of its first row."""
    from cityloop.report.refusals import refused_reason

    rows = store.quarantine(_ALL).select(["source", "position", "reason"]).to_pylist()
    if not rows:
        return [Finding("quarantine", "ok", Pair("quarantine: empty", "隔离区：空"))]
    counts = Counter((str(r["source"]), str(r["reason"])) for r in rows)
    first: dict[tuple[str, str], str] = {}
    for r in rows:
        first.setdefault((str(r["source"]), str(r["reason"])), str(r["position"]))
    words = Pair(
        "quarantine: {n} row(s) of {source}, first {place}: {reason}", "隔离区：{source} {n} 行，首见 {place}：{reason}"
    )
    found = []
    for (source, reason), n in counts.most_common(_ROWS):
        values = {"n": f"{n:,}", "source": source, "place": first[source, reason]}
        text = filled(words, reason=refused_reason(reason), **values)
        found.append(Finding("quarantine", "note", text, {"rows": n, "first": first[source, reason]}))
    rest = sum(counts.values()) - sum(n for _, n in counts.most_common(_ROWS))
    if rest:
        words = Pair("quarantine: {n} more row(s) of other reasons", "隔离区：另有 {n} 行属于其他原因")
        found.append(Finding("quarantine", "note", filled(words, n=f"{rest:,}"), {"rows": rest}))
    return found
