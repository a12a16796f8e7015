"""city.toml of the example city, written from the district and the places of its loggers."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from example_cn.district import AREAS, Area, District
from example_cn.supply import SUPPLY, SUPPLY_PRICES
from example_cn.tariff import TARIFF

__all__ = ["HANDOVER", "LOGGERS", "START", "TWIN_SEED", "meter_column", "pressure_column", "write_definition"]

#: The twin plays from START; the files hold what it sent before HANDOVER.
START, HANDOVER = date(2026, 4, 6), date(2026, 6, 29)
LOGGERS, TWIN_SEED = 24, 40370
CONNECTIONS_SOURCE = "建筑物.csv：每幢一处接户管（虚构） | one service pipe per building of 建筑物.csv (made up)"


def meter_column(inlet: str) -> str:
    """Header of an inlet meter's register."""
    return f"{inlet} 累计流量(m³)"


def pressure_column(number: int) -> str:
    """Header of a logger's pressures; devices are numbered in the order of placement."""
    return f"YL-{number:02d} 压力(MPa)"


def write_definition(
    folder: Path,
    district: District,
    loggers: Sequence[str],
    buildings: dict[int, tuple[int, int]],
    seed: int = TWIN_SEED,
) -> None:
    """city.toml; `loggers` are junctions in the order of placement, `buildings` by area (buildings, people)."""
    parts = [
        HEAD,
        *(_boundary(a, district, *buildings[a.number]) for a in AREAS),
        REGISTERS,
        REQUESTS,
        _meters(district),
        _pump(),
        _pressures(loggers),
        BILLING,
        TWIN.format(seed=seed, loggers=LOGGERS, start=START, handover=HANDOVER),
        SUPPLY,
        POLICY + SUPPLY_PRICES + TARIFF,
    ]
    (folder / "city.toml").write_text("\n".join(parts), encoding="utf-8", newline="\n")


HEAD = """# 示例片区：全部数据为虚构（程序按固定种子生成），不对应任何真实城市、管网、用户或单位。
# Example district: all of it is made up by a seeded program; no real city, network, customer or company.
# 换成自己的城市：逐个替换本文件夹里的文件，再改下面相应各段；每步之后运行 cityloop doctor 本文件夹。

[city]
id = "example-cn"
country = "CN"
timezone = "Asia/Shanghai"
crs = "EPSG:4549"  # CGCS2000 / 3 度带，中央经线 120°E，不带带号；坐标落在湖面上，以免误认

[city.name]
zh = "示例片区（虚构数据）"
en = "Example district, China (made-up data)"

[[model]]
engine = "epanet"
file = "管网模型.inp"

[[model.limit]]
id = "service_pressure"
kind = "junction"
property = "pressure_m"
minimum = 14.3
unit = "m"
exempt = ["JD0001", "JD0002", "JD0003", "JD0004", "JD0005", "JD0006", "JD0007", "JD0008"]  # 输水干线，无用户
source = "城镇供水服务标准 3.3：管网末梢 ≥ 0.14 MPa（14.3 m）"
"""

BOUNDARY = """[[boundary]]
id = "{id}"
name = {{ zh = "{zh}", en = "{en}" }}
network = "管网模型.inp"
inflow = [{inflow}]
mains_km = {{ value = {km:.1f}, source = "管线台账.csv（虚构）", status = "assumed" }}
connections = {{ value = {connections}, source = "建筑物.csv，每幢一处接户管（虚构）", status = "assumed" }}
population = {{ value = {people}, source = "建筑物.csv 户数 × 3.0 人（虚构）", status = "assumed" }}
"""

REGISTERS = """[[register]]  # 管线台账：管材、敷设年份、爆管次数是管网更新对策所读的属性
simulated = true  # 虚构数据；换成自己的台账后删去
path = "管线台账.csv"
encoding = "gb18030"
id_column = "管线编号"
thing = "pipe:{id}"
part_of = "所属分区"
numbers = { year = "敷设年份", breaks = "近五年爆管次数", breaks_years = "统计年数" }
texts = { material = "管材", street = "所在道路" }

[[register]]
simulated = true
path = "节点台账.csv"
encoding = "gb18030"
id_column = "节点编号"
thing = "junction:{id}"
part_of = "所属分区"

[[register]]
simulated = true
path = "建筑物.csv"
encoding = "gb18030"
id_column = "建筑编号"
thing = "building:{id}"
part_of = "所属分区"
numbers = { storeys = "层数", year = "建成年份", households = "户数", floor_area_m2 = "建筑面积(m²)", pipe_year = "接户管敷设年份" }
texts = { use = "用途", pipe_material = "接户管管材", grid_code = "单元网格码" }

[[positions]]  # 国内测绘表格常以 X 为北、Y 为东：x 写东坐标所在的列
path = "建筑物.csv"
encoding = "gb18030"
crs = "EPSG:4549"
id_column = "建筑编号"
thing = "building:{id}"
x = "Y坐标(东)"
y = "X坐标(北)"

[[positions]]  # 测压点由手机地图定位，为 GCJ-02；管网为 CGCS2000：各自注明，不作换算
path = "测压点位置.csv"
encoding = "gb18030"
crs = "GCJ-02"
id_column = "节点编号"
thing = "junction:{id}"
x = "经度"
y = "纬度"
"""

REQUESTS = """[[requests]]  # 12345 工单：坐标为 GCJ-02，不作换算；codes 写明各分类代码与哪类问题相关，未列者不与问题关联
name = "12345"
path = "12345工单.xlsx"
sheet = "工单明细"
crs = "GCJ-02"
simulated = true  # 虚构数据；换成自己的工单后删去
codes = { "SL-0101" = "low_pressure", "SL-0102" = "burst, growing_leakage, high_background_leakage" }
"""

SOURCE = """[[source]]
kind = "file"
name = "{name}"
path = "{path}"
encoding = "gb18030"
simulated = true  # 虚构数据；换成自己的实测数据后删去本行与 [[source]] twin
time = {{ column = "时间", format = "%Y/%m/%d %H:%M", zone = "Asia/Shanghai" }}
series = [
{series}
]
"""

BILLING = """[[billing]]  # 售水量：账期各自不同，原样收录；水量平衡把它与同期进水量相比
name = "售水量"
simulated = true  # 虚构数据
path = "售水量.csv"
encoding = "gb18030"
area = "所属分区"
from = "抄表起始日"
to = "抄表截止日"
last_day = "included"  # 截止日计入本账期
volume = "售水量(m³)"
unit = "m3"
class = "用水类别"
mode = "抄表方式"
state = "数据状态"
estimated = ["估算"]
note = "备注"
corrections = ["退补"]  # 备注含此词或水量为负的行：对以前账单的更正
classes = { "居民生活" = "billed_metered", "非居民" = "billed_metered", "特种" = "billed_metered", "免费供水（消防、绿化）" = "unbilled_unmetered" }
per_household = ["居民生活"]  # 抄表到户

[balance]  # 水量平衡另需的取值；不写则用缺省值或列为未知
outlet_pressure_m = { value = 40.1, source = "加压站出站水头（管网模型，虚构）", status = "assumed" }
frost_depth_m = { value = 0.1, source = "示例设定（虚构）：江南地区，远小于 1.4 m", status = "assumed" }
"""

TWIN = """[[source]]  # 孪生：扮演这座虚构城市。文件止于 sends_from 前一日，此后由孪生续发同一数据流
kind = "twin"
name = "twin"
seed = {seed}
start = {start}
sends_from = {handover}
sensors = {loggers}
pressure_noise_m = 0.2
mismatch = 1
"""


def _boundary(area: Area, district: District, buildings: int, people: int) -> str:
    inflow = ", ".join(f'"pipe:{p.id}"' for p in district.inlets(area))
    km = sum(p.length_m for p in district.pipes_of(area)) / 1000
    return BOUNDARY.format(
        id=area.id, zh=area.zh, en=area.en, inflow=inflow, km=km, connections=buildings, people=people
    )


def _meters(district: District) -> str:
    rows = [
        f'  {{ column = "{meter_column(p.id)}", thing = "pipe:{p.id}", property = "water_flow", unit = "m3", '
        f'statistic = "counter", step_s = 3600, rollover = 10000000, sensor = "{p.id} 进水总表（虚构）" }},'
        for area in AREAS
        for p in district.inlets(area)
    ]
    return SOURCE.format(name="进水总表", path="进水总表.csv", series="\n".join(rows))


def _pump() -> str:
    row = (
        '  { column = "SSB-1 累计电量(kWh)", thing = "pump:SSB-1", property = "power", unit = "kWh", '
        'statistic = "counter", step_s = 3600, sensor = "SSB-1 电能表（虚构）" },'
    )
    return SOURCE.format(name="泵站电量", path="泵站电量.csv", series=row)


def _pressures(loggers: Sequence[str]) -> str:
    rows = [
        f'  {{ column = "{pressure_column(i)}", thing = "junction:{name}", property = "water_pressure", unit = "MPa", '
        f'step_s = 3600, noise_sd = 0.2, sensor = "YL-{i:02d} 压力记录仪（虚构）" }},'
        for i, name in enumerate(loggers, 1)
    ]
    return SOURCE.format(name="测压点", path="测压点压力.csv", series="\n".join(rows))


POLICY = """[policy]
currency = "CNY"
price_year = 2026
years = 5
budget_per_year = 1500000  # 元，即 150 万元
level = 0.9
due_days = 365
binding_norm = "cn"
compare_norms = ["eu", "us"]

[policy.discount_rate]
value = 0.03
low = 0.02
high = 0.08
source = "示例设定（虚构）：实际社会折现率，请改用本地规定"
status = "assumed"

[policy.targets]
night_flow = 0.8

[policy.crew_km_per_day]
value = 4.0
source = "示例设定（虚构）：一个检漏组每日听漏 4 km"
status = "assumed"

# 价格均为元（2026 年价）。节约的水按边际成本计，不按水价计；水价中的污水处理费与税属转移支付。
[policy.prices.water_per_m3]
value = 2.07
low = 0.6
high = 3.64
source = "示例：公开水价表中居民一阶的自来水部分（北京，laihamady.com 760561），高值加水资源费；请改用本地边际成本"
status = "assumed"

[policy.prices.energy_per_kwh]
value = 0.65
low = 0.45
high = 0.9
source = "示例设定（虚构）：请改用本地电价"
status = "assumed"

[policy.prices.survey_per_km]
value = 1500
low = 800
high = 3000
source = "示例设定（虚构）：未查到公开的国内检漏单价"
status = "assumed"

[policy.prices.repair_each]
value = 18000
low = 8000
high = 40000
source = "示例设定（虚构）：含开挖与路面恢复，未查到公开单价"
status = "assumed"

[policy.prices.replace_sensor]
value = 6000
low = 3000
high = 12000
source = "示例设定（虚构）：一台压力记录仪及更换"
status = "assumed"

[policy.prices.check_valves_each]
value = 3000
low = 1500
high = 8000
source = "示例设定（虚构）：两区之间阀门逐个检查一次"
status = "assumed"

[policy.prices.renew_per_m]
value = 1057
low = 800
high = 3000
source = "23 省截至 2004 年：4408.8 km，46.6 亿元，合 1057 元/m（建设部规划，fymate chl/750/75071）；当年价，未作调整"
status = "unconfirmed"
"""
