"""12345工单.xlsx of the example city: made-up work orders in the fields that such an export has; no person in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from cityloop.formats.shifted import wgs84_to_gcj02
from example_cn.buildings import Building
from example_cn.definition import HANDOVER
from example_cn.district import AREAS, SEED, District
from example_cn.sheets import write_workbook

__all__ = ["HEADER", "write_requests"]

COUNT = 150
HEADER = (
    "工单编号", "来源渠道", "受理时间", "诉求类型", "分类代码", "分类体系", "诉求内容", "地址", "经度", "纬度", "坐标系",
    "单元网格码", "承办单位", "派单时间", "签收时间", "办理期限", "延期原因", "延期后期限", "办理状态", "办理结果", "答复时间",
    "办结时间", "回访时间", "是否解决", "是否满意", "重复/关联工单",
)  # fmt: skip
CHANNELS = (("电话", 0.62), ("微信小程序", 0.2), ("网站", 0.08), ("城运平台转派", 0.1))
SYSTEM = "示例城市诉求分类（虚构）"
#: Working days to the end of handling, by type: as one province had them in 2026 (咨询 3, 求助、建议 7, 投诉举报 15).
DAYS = {"咨询": 3, "求助": 7, "意见建议": 7, "投诉举报": 15}


@dataclass(frozen=True)
class Topic:
    """What people call about: code, type, words, who handles it, weight, areas it is heard from."""

    code: str
    kind: str
    words: tuple[str, ...]
    office: str
    weight: float
    areas: tuple[int, ...] = (1, 2, 3)


TOPICS = (
    Topic("SL-0101", "求助", ("晚上高峰期水压很小，热水器打不着火", "顶楼早晚没水，平时水流很细"), "示例供水公司（虚构）", 0.22, (1,)),
    Topic("SL-0102", "求助", ("路面一直有水冒出来，怀疑水管漏水", "人行道砖缝往外渗水，已经好几天"), "示例供水公司（虚构）", 0.12),
    Topic("SL-0103", "咨询", ("小区停水没有看到通知，何时恢复", "计划停水时间想了解一下"), "示例供水公司（虚构）", 0.13),
    Topic("SL-0104", "投诉举报", ("早上放出来的水发黄", "自来水有铁锈色沉淀"), "示例供水公司（虚构）", 0.14, (1, 3)),
    Topic("SL-0105", "投诉举报", ("本期水费突然翻倍，怀疑水表不准", "抄表员没来，账单是估抄的"), "示例供水公司（虚构）", 0.15),
    Topic("SL-0201", "求助", ("井盖松动，车辆经过响声很大", "井盖破损有安全隐患"), "示例市政所（虚构）", 0.12),
    Topic("SL-0202", "意见建议", ("希望修路和换水管一起做，不要反复开挖", "建议公开每月停水和维修情况"), "示例住建局（虚构）", 0.07),
    Topic("SL-0301", "投诉举报", ("夜间施工噪声扰民", "工地扬尘没有覆盖"), "示例城管中队（虚构）", 0.05),
)  # fmt: skip


def write_requests(
    folder: Path, district: District, buildings: Sequence[Building], seepages: Sequence[tuple[str, datetime]]
) -> None:
    """COUNT work orders up to HANDOVER; `seepages` = (junction, since when) where water came to the surface."""
    from openpyxl import Workbook

    rng = np.random.default_rng([SEED, 7])
    book = Workbook()
    sheet = book.active
    sheet.title = "工单明细"
    sheet.append(HEADER)
    orders = sorted(_calls(rng, district, buildings, seepages), key=lambda c: c[0])
    earlier: dict[tuple[str, str], str] = {}
    for number, (moment, topic, words, building, seen_at) in enumerate(orders, 1):
        id = f"XN12345-{moment:%Y%m%d}-{number:04d}"
        key = (topic.code, building.junction if building else "")
        related = earlier.get(key, "") if building and topic.code in ("SL-0102", "SL-0101") else ""
        earlier[key] = id
        sheet.append(_row(rng, id, moment, topic, words, building, seen_at, related))
    for column in ("C", "G", "H"):
        sheet.column_dimensions[column].width = 26
    sheet.freeze_panes = "A2"
    notes = book.create_sheet("说明")
    notes.append(("本表为虚构数据，由程序按固定种子生成；无真实姓名、电话、地址或单位。诉求人信息不在本表。",))
    notes.append(("Made-up data, drawn by a seeded program; no real name, telephone number, address or body.",))
    write_workbook(folder / "12345工单.xlsx", book)


Call = tuple[datetime, Topic, str, Building | None, tuple[float, float] | None]


def _calls(
    rng: np.random.Generator,
    district: District,
    buildings: Sequence[Building],
    seepages: Sequence[tuple[str, datetime]],
) -> list[Call]:
    """Who called when about what; one in twenty without a place."""
    end = datetime(HANDOVER.year, HANDOVER.month, HANDOVER.day)
    begin = end - timedelta(days=112)
    leak = TOPICS[1]
    found: list[Call] = []
    for junction, since in seepages:
        near = sorted(buildings, key=lambda b: _away(b, district, junction))[:3]
        for k, building in enumerate(near):
            moment = since + timedelta(days=4 + 5 * k + float(rng.uniform(0, 3)), hours=float(rng.uniform(0, 9)))
            if moment < end:
                found.append((moment, leak, str(rng.choice(leak.words)), building, (building.x, building.y)))
    weights = np.array([t.weight for t in TOPICS])
    while len(found) < COUNT:
        topic = TOPICS[int(rng.choice(len(TOPICS), p=weights / weights.sum()))]
        day = begin + timedelta(days=float(rng.uniform(0, 112)))
        moment = day.replace(hour=int(rng.integers(7, 22)), minute=int(rng.integers(60)), second=0, microsecond=0)
        building = None
        if rng.random() > 0.05:
            heard = [b for b in buildings if b.area in topic.areas]
            building = heard[int(rng.integers(len(heard)))]
        placed = (building.x, building.y) if building and rng.random() > 0.15 else None
        if moment < end:
            found.append((moment, topic, str(rng.choice(topic.words)), building, placed))
    return found


def _away(building: Building, district: District, junction: str) -> float:
    place = district.at[junction]
    return float(np.hypot(building.x - place.x, building.y - place.y))


def _row(
    rng: np.random.Generator, id: str, moment: datetime, topic: Topic, words: str, building: Building | None,
    place: tuple[float, float] | None, related: str,
) -> list[object]:  # fmt: skip
    moment = moment.replace(second=0, microsecond=0)
    sent = moment + timedelta(minutes=int(rng.integers(5, 90)))
    signed = sent + timedelta(minutes=int(rng.integers(10, 600)))
    due = _working_days(moment, DAYS[topic.kind])
    reply = signed + timedelta(hours=float(rng.gamma(2.0, 9.0 * DAYS[topic.kind] / 3)))
    extended = reply > due and rng.random() < 0.6
    new_due = _working_days(due, 5) if extended else ""
    end = datetime(HANDOVER.year, HANDOVER.month, HANDOVER.day)
    closed = reply + timedelta(hours=float(rng.uniform(0.5, 20)))
    done = closed < end
    called = _working_days(closed, 1).replace(hour=10)
    solved, pleased = rng.random() < 0.78, rng.random()
    return [
        id, _pick(rng, CHANNELS), moment, topic.kind, topic.code, SYSTEM, words + ("。" if not building else f"（{building.use}）。"),
        _address(building), *_degrees(place), building.cell if building else "", topic.office, sent, signed, due,
        "需道路开挖审批" if extended else "", new_due, "办结" if done else "办理中",
        ("已现场处理" if solved else "已答复，待后续工程解决") if done else "", _minute(reply) if done else "",
        _minute(closed) if done else "", called if done and called < end else "",
        ("是" if solved else "否") if done and called < end else "",
        ("满意" if pleased < (0.85 if solved else 0.35) else "不满意") if done and called < end else "", related,
    ]  # fmt: skip


def _address(building: Building | None) -> str:
    if building is None:
        return ""
    area = next(a for a in AREAS if a.number == building.area)
    return f"示例片区{area.short}{building.name}"


def _degrees(place: tuple[float, float] | None) -> tuple[object, object, str]:
    """Longitude and latitude in GCJ-02, as a telephone's map gives them."""
    if place is None:
        return "", "", ""
    from pyproj import Transformer

    lon, lat = Transformer.from_crs("EPSG:4549", "EPSG:4490", always_xy=True).transform(*place)
    east, north = wgs84_to_gcj02(np.array([lon]), np.array([lat]))
    return round(float(east[0]), 6), round(float(north[0]), 6), "GCJ-02"


def _pick(rng: np.random.Generator, shares: Sequence[tuple[str, float]]) -> str:
    return str(rng.choice([name for name, _ in shares], p=[share for _, share in shares]))


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _working_days(moment: datetime, days: int) -> datetime:
    """The end of the working day `days` working days later; holidays are not known here."""
    day = moment
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day.replace(hour=18, minute=0, second=0, microsecond=0)
