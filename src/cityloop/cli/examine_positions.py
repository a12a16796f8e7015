"""What `cityloop doctor` says about the positions of devices: faults of their tables, and a common shift off the network."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from cityloop.cli.error_words import error_words
from cityloop.cli.finding import Finding, fault_of, filled
from cityloop.contracts import Element
from cityloop.errors import CityloopError
from cityloop.evidence.shift import FEWEST_PAIRS, FEWEST_POINTS, NEAR_M, Shift
from cityloop.formats.datums import Reading, in_area, read_stated
from cityloop.formats.placement import Network, Scene, Tried, read_network
from cityloop.formats.positions import Positions, read_positions_table
from cityloop.i18n import Pair
from cityloop.settings import CitySettings, nearest

__all__ = ["TEXTS", "examine_positions"]

TEXTS = {
    "read": Pair("{file}: {n} positions in {crs}", "{file}：{n} 个位置，坐标系 {crs}"),
    "none": Pair("{file}: no positions", "{file}：没有位置"),
    "no_model": Pair("{file}: no model to compare with", "{file}：没有模型可供对照"),
    "local": Pair(
        "{file}: cannot be compared with the network, because {crs} is the system of {whose} and its parameters are not known",
        "{file}：无法与管网对照，因为{whose}的坐标系为 {crs}，其参数未知",
    ),
    "no_network": Pair(
        "the model's coordinates do not fit crs = \"{crs}\" of city.toml, or it has none; positions cannot be compared",
        "模型没有坐标，或其坐标与 city.toml 的 crs = \"{crs}\" 不符，无法对照位置",
    ),
    "unknown": Pair(
        "{file}: {n} thing(s) that no model and no series has, first {first}.{near}",
        "{file}：{n} 个对象既不在模型中，也没有数据序列，首个为 {first}。{near}",
    ),
    "identical": Pair(
        "{file}: all {n} positions are one and the same point; nothing can be compared",
        "{file}：{n} 个位置全部为同一点，无法对照",
    ),
    "few": Pair(
        "{file}: {n} position(s) of elements of the model; at least {fewest} are needed to see a common shift",
        "{file}：仅有 {n} 个位置属于模型中的元素，至少需要 {fewest} 个才能判断是否整体偏移",
    ),
    "fits": Pair(
        "{file}: positions fit the network; half lie within {d} m of it ({n} compared)",
        "{file}：位置与管网相符，半数偏差在 {d} m 以内（对照 {n} 个）",
    ),
    "far": Pair(
        "{file}: half of the {n} positions lie {km} km or more off the network: no datum does that. "
        "Check crs in [[positions]] and in [city], and which column is x",
        "{file}：{n} 个位置中有半数偏离管网 {km} km 以上，基准面不同不致如此。请检查 [[positions]] 与 [city] 的 crs，以及 x、y 两列",
    ),
    "swapped": Pair(
        "{file}: half of the {n} positions lie {km} km or more off the network, and with x and y exchanged {d} m: "
        'write x = "{y}", y = "{x}"',
        "{file}：{n} 个位置中有半数偏离管网 {km} km 以上，而将 x、y 互换后为 {d} m：请改为 x = \"{y}\"，y = \"{x}\"",
    ),
    "scattered": Pair(
        "{file}: {far} of {n} positions lie more than {d} m off the network, and no common direction can be told; farthest {worst} ({most} m)",
        "{file}：{n} 个位置中有 {far} 个偏离管网超过 {d} m，且看不出共同方向；最远为 {worst}（{most} m）",
    ),
    "shift": Pair(
        "{file}: {shared} of {n} positions lie about {length} m {direction} (bearing {bearing}°) of where the network has "
        "them, with a scatter of {scatter} m: as if in another datum.",
        "{file}：{n} 个位置中有 {shared} 个相对管网整体向{direction}（方位角 {bearing}°）偏移约 {length} m，离散 {scatter} m，疑为坐标基准不同。",
    ),
    "likely": Pair("With {whose} read as {name}, {rest} m remain{accuracy}.", "若将{whose}按 {name} 解读，剩余偏差为 {rest} m{accuracy}。"),
    "as_well": Pair("As well explained by: {names}.", "同样可以解释的还有：{names}。"),
    "cure_crs": Pair('Likely cure: crs = "{epsg}" in {place} of city.toml.', '建议：将 city.toml 中 {place} 的 crs 改为 "{epsg}"。'),
    "cure_other": Pair(
        "Likely cure: these numbers were projected from {name}; take the original coordinates and state their system in {place}.",
        "建议：这些坐标应是由 {name} 投影而来，请取得原始坐标，并在 {place} 中注明其坐标系。",
    ),
    "unexplained": Pair(
        "None of the {n} readings tried explains it; the nearest, {whose} as {name}, leaves {rest} m.",
        "所试的 {n} 种解读均不能解释；最接近的是将{whose}按 {name} 解读，仍剩 {rest} m。",
    ),
    "nothing_tried": Pair("No other datum is known for this place.", "该地区没有其他已知基准可试。"),
    "untried": Pair(
        "Not tried, no transformation is public: {names}.", "未能试算（无公开的转换参数）：{names}。"
    ),
    "assumed": Pair(
        "For {name} no transformation is public, so it was taken for WGS 84: that alone may be the shift.",
        "{name} 没有公开的转换参数，此处按 WGS 84 处理，偏移可能仅由此造成。",
    ),
    "unchanged": Pair("No coordinate was changed.", "未改动任何坐标。"),
}  # fmt: skip
_WHOSE = {"positions": Pair("the positions", "这些位置"), "network": Pair("the network", "管网")}
_PLACES = {"positions": "[[positions]]", "network": "[city]"}
_AS = Pair("{whose} as {name}", "{whose}按 {name}")
_ACCURACY = Pair(" (transformation accurate to {m} m{how})", "（转换精度约 {m} m{how}）")
_BORROWED = Pair(", published for other areas", "，参数为其他地区公布")
_GRID = Pair(", a better grid is not installed", "，更精确的格网未安装")
_APPROXIMATE = Pair(", assumed: an approximation", "，系假定：公式为近似式")
_DIRECTIONS = (
    Pair("north", "北"), Pair("northeast", "东北"), Pair("east", "东"), Pair("southeast", "东南"),
    Pair("south", "南"), Pair("southwest", "西南"), Pair("west", "西"), Pair("northwest", "西北"),
)  # fmt: skip
_NAMED = 4
_CLEAR = 0.25
"""A datum is named only where it leaves at most a quarter of the shift, and no more than scatter and accuracy allow."""
_SPARE_M = 10.0
_FARTHEST_M = 10_000.0


def examine_positions(settings: CitySettings, models: Iterable[Iterable[Element]]) -> list[Finding]:
    """Findings about every [[positions]] of a city, beside the elements of each of its `models`; nothing is changed."""
    tables = [read_positions_table(p, settings.folder) for p in settings.positions]
    found = [fault_of("positions", fault) for table in tables for fault in table.faults]
    network = read_network(models)
    for table in tables:
        if not len(table.x):
            if not table.faults:
                found.append(_say("note", "none", file=table.settings.path))
            continue
        values = {"file": table.settings.path, "n": f"{len(table.x):,}", "crs": table.settings.crs}
        found += [_say("ok", "read", **values), *_unknown(settings, table, network)]
        try:
            found += _compared(settings, table, network)
        except CityloopError as fault:
            found.append(fault_of("positions", fault))
    return found


def _say(level: Any, text: str, data: Mapping[str, Any] | None = None, /, **values: object) -> Finding:
    said = filled(TEXTS[text], **values)
    return Finding("positions", level, Pair(f"positions: {said.en}", f"位置：{said.zh}"), data or {})


def _unknown(settings: CitySettings, table: Positions, network: Network) -> list[Finding]:
    """Things that nothing else in the city names: a slip of the pen more often than a device."""
    series = [(s.thing_kind, s.thing_name) for source in settings.files for s in source.series]
    every = {kind for kind, name in series if "{id}" in name}
    every |= {register.thing.partition(":")[0] for register in settings.registers} - {kind for kind, _ in network.rows}
    known = {*network.rows, *series, *(("boundary", b.id) for b in settings.boundaries)}
    unknown = [(k, n) for k, n in table.things if (k, n) not in known and k not in every]
    if not unknown:
        return []
    kind, name = unknown[0]
    near = nearest(name, [n for k, n in known if k == kind])
    shown = Pair(f" {near}" if near else "", error_words(near))
    return [
        _say("note", "unknown", file=table.settings.path, n=f"{len(unknown):,}", first=f"{kind}:{name}", near=shown)
    ]


def _compared(settings: CitySettings, table: Positions, network: Network) -> list[Finding]:
    """One finding about how a table lies beside the network."""
    file, n = table.settings.path, len(table.x)
    if not settings.models:
        return [_say("note", "no_model", file=file)]
    for crs, whose in ((table.settings.crs, "positions"), (settings.crs, "network")):
        if crs == "local":
            return [_say("note", "local", file=file, crs=crs, whose=_WHOSE[whose])]
    if n > 1 and np.ptp(table.x) == 0 == np.ptp(table.y):
        return [_say("note", "identical", file=file, n=n)]
    scene = Scene.of(settings.crs, table, network)
    if scene is None:
        return [_say("fault", "no_network", crs=settings.crs)]
    away = scene.away(scene.positions, scene.network)
    half = float(np.median(away))
    if half >= _FARTHEST_M:
        return [_elsewhere(table, scene, half)]
    shift = scene.shift()
    if shift is None and not scene.by_name and half > NEAR_M / 2:
        shift = scene.shift_of_a_reading()
    if shift is not None:
        return [_shifted(table, scene, shift)]
    if scene.pairs.sum() < FEWEST_PAIRS and n < FEWEST_POINTS:
        return [_say("note", "few", file=file, n=int(scene.pairs.sum()), fewest=FEWEST_PAIRS)]
    if (far := int((away > NEAR_M).sum())) > 0.1 * n:
        kind, name = table.things[int(np.argmax(away))]
        return [
            _say(
                "note", "scattered", {"far": far, "compared": n}, file=file, n=f"{n:,}", far=f"{far:,}", d=f"{NEAR_M:.0f}",
                worst=f"{kind}:{name}", most=f"{away.max():,.0f}",
            )
        ]  # fmt: skip
    return [_say("ok", "fits", {"median_m": half}, file=file, d=f"{half:,.0f}", n=f"{n:,}")]


def _elsewhere(table: Positions, scene: Scene, half: float) -> Finding:
    """Positions in another town: columns exchanged, or another system altogether."""
    stated = table.settings
    values: dict[str, object] = {"file": stated.path, "n": f"{len(table.x):,}", "km": f"{half / 1000:,.0f}"}
    if in_area(stated.crs, table.y, table.x).all():
        turned = float(np.median(scene.away(read_stated(stated.crs, table.y, table.x), scene.network)))
        if turned < _FARTHEST_M:
            return _say("fault", "swapped", d=f"{turned:,.0f}", x=stated.x, y=stated.y, **values)
    return _say("fault", "far", **values)


def _shifted(table: Positions, scene: Scene, shift: Shift) -> Finding:
    """The shift, the likely datum, what to change; or that nothing tried explains it."""
    tried, untried = scene.tried, scene.untried
    parts = [
        filled(
            TEXTS["shift"], file=table.settings.path, shared=shift.shared, n=shift.of, length=f"{shift.length_m:,.0f}",
            direction=_DIRECTIONS[round(shift.bearing_deg / 45) % 8], bearing=f"{shift.bearing_deg:.0f}",
            scatter=f"{shift.scatter_m:,.0f}",
        )
    ]  # fmt: skip
    clear = [t for t in tried if _is_clear(t, shift)]
    best = None
    if clear:
        margin = max(_SPARE_M, *(t.reading.accuracy_m or 0.0 for t in clear[:1]))
        alike = [t for t in clear if t.rest_m <= clear[0].rest_m + margin]
        best = min(alike, key=lambda t: t.side != "positions")
        parts += _naming(best, [t for t in alike if t is not best])
    elif tried:
        nearest_one = {"whose": _WHOSE[tried[0].side], "name": tried[0].reading.name, "rest": f"{tried[0].rest_m:,.0f}"}
        parts.append(filled(TEXTS["unexplained"], n=len(tried), **nearest_one))
    else:
        parts.append(TEXTS["nothing_tried"])
    for side in (scene.positions, scene.network):
        if side.accuracy_m is None:
            parts.append(filled(TEXTS["assumed"], name=side.name))
    if untried and best is None:
        parts.append(filled(TEXTS["untried"], names=_listed([Pair(name, name) for name in untried])))
    parts.append(TEXTS["unchanged"])
    text = Pair("positions: " + " ".join(p.en for p in parts), "位置：" + "".join(p.zh for p in parts))
    data = {
        "shift_m": round(shift.length_m, 1), "bearing_deg": round(shift.bearing_deg, 1), "shared": shift.shared,
        "of": shift.of, "scatter_m": round(shift.scatter_m, 1),
        "likely": None if best is None else {"side": best.side, "crs": best.reading.crs, "name": best.reading.name},
        "tried": [{"side": t.side, "name": t.reading.name, "rest_m": round(t.rest_m, 1)} for t in tried],
        "untried": untried,
    }  # fmt: skip
    return Finding("positions", "fault", text, data)


def _is_clear(tried: Tried, shift: Shift) -> bool:
    allowed = shift.scatter_m + (tried.reading.accuracy_m or 0.0) + _SPARE_M
    return bool(tried.rest_m <= min(_CLEAR * shift.length_m, allowed))


def _naming(best: Tried, alike: list[Tried]) -> list[Pair]:
    """The likely datum, those that fit as well, and the line to change."""
    reading, values = best.reading, {"whose": _WHOSE[best.side], "name": best.reading.name}
    parts = [filled(TEXTS["likely"], rest=f"{best.rest_m:,.0f}", accuracy=_accuracy(reading), **values)]
    if alike:
        also = [filled(_AS, whose=_WHOSE[t.side], name=t.reading.name) for t in alike]
        parts.append(filled(TEXTS["as_well"], names=_listed(also)))
    place = _PLACES[best.side]
    if crs := reading.crs:
        parts.append(filled(TEXTS["cure_crs"], epsg=crs, place=place))
    else:
        parts.append(filled(TEXTS["cure_other"], name=reading.name, place=place))
    return parts


def _accuracy(reading: Reading) -> Pair:
    if not reading.accuracy_m:
        return Pair("", "")
    how = _BORROWED if reading.borrowed else _GRID if reading.grid else Pair("", "")
    how = _APPROXIMATE if reading.name in ("GCJ-02", "BD-09") else how
    return filled(_ACCURACY, m=f"{reading.accuracy_m:,.0f}", how=how)


def _listed(names: Sequence[Pair]) -> Pair:
    """The first names, and how many more."""
    more = f" (+{len(names) - _NAMED})" if len(names) > _NAMED else ""
    shown = names[:_NAMED]
    return Pair("; ".join(n.en for n in shown) + more, "；".join(n.zh for n in shown) + more)
