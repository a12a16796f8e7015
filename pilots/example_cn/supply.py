"""水库水情.csv of the example city and the [[supply]] part of its city.toml: a made-up reservoir in a made-up dry year.

The series runs on to the end of 2026, so that a city played by the twin has a reading on every day that it is played.
"""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from example_cn.district import SEED
from example_cn.sheets import write_csv

__all__ = ["SUPPLY", "SUPPLY_PRICES", "write_supply"]

FIRST, LAST = date(2014, 1, 1), date(2026, 12, 31)
#: m3; m3 a day; m3 a year.
FULL, DEAD, RELEASE, WORKS, DEMAND = 1_200_000.0, 120_000.0, 300.0, 7_500.0, 5_600.0
MEAN_INFLOW, SPREAD = 2_450_000.0, 0.24
#: Share of a year's inflow by month: wet from the plum rains to summer, dry in autumn and winter.
MONTHS = (0.04, 0.06, 0.10, 0.11, 0.12, 0.19, 0.14, 0.08, 0.07, 0.04, 0.03, 0.02)
#: The last years, made dry on purpose: so much of a mean year flows in.
DRY_YEARS, DRY_SUMMER = {2025: 0.86, 2026: 0.82}, 0.5
PURCHASED = 500.0
HEADER = ("时间", "蓄水量(万m³)", "日入库水量(m³)", "日供水取水量(m³)", "备注")


def write_supply(folder: Path) -> None:
    """One row a day, read at eight in the morning: storage, inflow and what was taken for supply in the day before."""
    rng = np.random.default_rng([SEED, 31])
    days = [FIRST + timedelta(days=i) for i in range((LAST - FIRST).days + 1)]
    of_year = {y: float(np.exp(rng.normal(-0.04, SPREAD))) for y in range(FIRST.year, LAST.year + 1)}
    of_year |= DRY_YEARS
    storage, wet, rows = 0.75 * FULL, 0.0, []
    for day in days:
        wet = 0.8 * wet + float(rng.normal(0, 0.45))  # rain comes in spells of a few days
        dry = DRY_SUMMER if (day.year, day.month) >= (2026, 7) else 1.0
        mean = MEAN_INFLOW * of_year[day.year] * dry * MONTHS[day.month - 1] / 30.4
        inflow = mean * float(np.exp(wet - 0.28))
        season = 1 + 0.08 * float(np.cos(2 * np.pi * (day.timetuple().tm_yday - 205) / 365))
        storage = min(max(storage + inflow - RELEASE, 0.0), FULL)
        taken = min(DEMAND * season - PURCHASED, WORKS, max(storage - DEAD, 0.0))
        storage -= taken
        read = day + timedelta(days=1)  # at eight in the morning, for the twenty-four hours before
        note = "虚构" if read.day == 1 else ""
        rows.append((f"{read:%Y/%m/%d} 08:00", f"{storage / 1e4:.2f}", round(inflow), round(taken), note))
    write_csv(folder / "水库水情.csv", HEADER, rows)


SUPPLY = """[[source]]  # 水库水情：逐日蓄水量、入库水量、供水取水量，2014 年起；含 2026 年底以前的虚构“未来”行，按日期逐步读入
kind = "file"
name = "水库水情"
path = "水库水情.csv"
encoding = "gb18030"
simulated = true  # 虚构数据
stamp = "end"  # 早 8 时报汛：入库与取水为此前 24 小时
time = { column = "时间", format = "%Y/%m/%d %H:%M", zone = "Asia/Shanghai" }
series = [
  { column = "蓄水量(万m³)", thing = "reservoir_storage:SK-1", property = "volume", unit = "万m3", step_s = 86400, sensor = "示例水库水位计（虚构）" },
  { column = "日入库水量(m³)", thing = "reservoir_inflow:SK-1", property = "volume", unit = "m3", statistic = "total", step_s = 86400, sensor = "示例水库入库站（虚构）" },
  { column = "日供水取水量(m³)", thing = "reservoir_release:SK-1", property = "volume", unit = "m3", statistic = "total", step_s = 86400, sensor = "示例水库取水表（虚构）" },
]

[[supply]]  # 水源：现有与可能的；供需平衡按 priority 依次取用
id = "SK-1"
name = { zh = "示例水库（虚构）", en = "Example reservoir (made up)" }
kind = "surface"
priority = 2
storage = "reservoir_storage:SK-1"
inflow = "reservoir_inflow:SK-1"
release = "reservoir_release:SK-1"
full_storage_m3 = { value = 1200000, source = "示例设定（虚构）：兴利库容与死库容之和", status = "assumed" }
dead_storage_m3 = { value = 120000, source = "示例设定（虚构）：死库容", status = "assumed" }
ecological_release_m3_per_day = { value = 300, source = "示例设定（虚构）：生态下泄", status = "assumed" }
capacity_m3_per_day = { value = 7500, source = "示例设定（虚构）：水厂规模", status = "assumed" }

[[supply]]
id = "WG-1"
name = { zh = "邻区外购水（虚构）", en = "Water bought from the neighbour (made up)" }
kind = "purchased"
priority = 1
capacity_m3_per_day = { value = 500, source = "示例设定（虚构）：供水协议", status = "assumed" }

[[supply]]
id = "ZS-1"
name = { zh = "示例再生水厂（虚构）", en = "Example reclaimed water works (made up)" }
kind = "reclaimed"
state = "possible"
quality = "GB/T 18920-2020 城市杂用水（绿化、道路清扫、冲厕）"
quality_status = "unconfirmed"
capacity_m3_per_day = { value = 1000, source = "示例设定（虚构）：再生水厂规模", status = "assumed" }
use_m3_per_day = { value = 450, low = 300, high = 600, source = "示例设定（虚构）：园区绿化、冲洗与冷却可替代的自来水量", status = "assumed" }
investment = { value = 1200000, low = 900000, high = 2000000, source = "示例设定（虚构）：再生水管线与加压", status = "assumed" }
cost_per_m3 = { value = 1.1, low = 0.8, high = 1.8, source = "示例设定（虚构）：再生处理与输送的运行费", status = "assumed" }
life_years = { value = 20, source = "示例设定（虚构）", status = "assumed" }
lead_days = { value = 180, source = "示例设定（虚构）：建设期", status = "assumed" }

[[supply]]
id = "YJ-1"
name = { zh = "应急调水管线（虚构）", en = "Emergency transfer main (made up)" }
kind = "purchased"
state = "possible"
priority = 9
capacity_m3_per_day = { value = 1500, source = "示例设定（虚构）：应急联通管输水能力", status = "assumed" }
investment = { value = 800000, low = 500000, high = 1500000, source = "示例设定（虚构）：联通管与计量", status = "assumed" }
cost_per_m3 = { value = 3.2, low = 2.5, high = 4.5, source = "示例设定（虚构）：协议水价", status = "assumed" }
life_years = { value = 20, source = "示例设定（虚构）", status = "assumed" }
lead_days = { value = 90, source = "示例设定（虚构）：建设期", status = "assumed" }

[drought]
dry_year_share = { value = 0.1, source = "示例设定（虚构）：按十年一遇枯水年判定", status = "assumed" }
assessment_days = { value = 365, source = "示例设定（虚构）", status = "assumed" }
lead_days = { value = 60, source = "示例设定（虚构）：发布与落实限水的提前期", status = "assumed" }
"""

SUPPLY_PRICES = """
[policy.prices.shortage_per_m3]
value = 8.0
low = 4.0
high = 20.0
source = "示例设定（虚构）：每缺 1 m³ 水的损失，参照送水车与停产损失自拟"
status = "assumed"

[policy.prices.restriction_campaign]
value = 30000
low = 15000
high = 60000
source = "示例设定（虚构）：限水公告、宣传与巡查"
status = "assumed"

[policy.prices.restriction_per_m3]
value = 4.0
low = 2.0
high = 10.0
source = "示例设定（虚构）：限水时用户每放弃 1 m³ 用水的损失"
status = "assumed"

[policy.prices.feedback_per_household]
value = 12
low = 6
high = 25
source = "示例设定（虚构）：每户每年用水报告（纸质与平台）"
status = "assumed"

[policy.prices.district_meter_each]
value = 90000
low = 50000
high = 160000
source = "示例设定（虚构）：一座分区计量井（表、阀、井、远传）"
status = "assumed"

[policy.prices.standby_crew_per_year]
value = 260000
low = 180000
high = 400000
source = "示例设定（虚构）：一个备勤抢修班组全年"
status = "assumed"
"""
