"""Buildings and the unit grid (单元网格, GB/T 30428) of the example city. Made up."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from example_cn.district import AREAS, ORIGIN, SEED, District
from example_cn.sheets import write_csv

__all__ = ["Building", "Cell", "draw_buildings", "draw_cells", "people_of", "write_buildings", "write_grid"]

#: No such code exists in GB/T 2260: nobody can take a grid cell for a real one.
DISTRICT_CODE = "990101"
CELL_M, COUNT = 205.0, 300
PEOPLE_PER_HOUSEHOLD = 3.0
SQUARE_METRES_PER_MU = 2000 / 3


@dataclass(frozen=True)
class Cell:
    """One cell: its 15 digits, area number, corner (east, north) and what the land is used for."""

    code: str
    area: int
    x: float
    y: float
    use: str


@dataclass(frozen=True)
class Building:
    """One building with its service pipe."""

    id: str
    name: str
    area: int
    use: str
    storeys: int
    year: int
    households: int
    floor_m2: int
    pipe_material: str
    pipe_year: int
    junction: str
    cell: str
    x: float
    y: float


def draw_cells() -> list[Cell]:
    """Cells of 205 m over the three areas; serial from west to east, then north to south within a community."""
    cells = []
    for area in AREAS:
        rows, columns = area.rows, area.columns
        for community in (1, 2):
            serial = 0
            half = range(rows // 2, rows) if community == 1 else range(rows // 2)
            for r in reversed(half):
                for c in range(columns):
                    serial += 1
                    code = f"{DISTRICT_CODE}{area.number:03d}{community:03d}{serial:03d}"
                    x = ORIGIN[0] + area.west + (c - 0.5) * CELL_M
                    y = ORIGIN[1] + area.south + (r - 0.5) * CELL_M
                    use = "工业用地" if area.number == 3 and c > 1 else ("商业用地" if (r + c) % 7 == 0 else "居住用地")
                    cells.append(Cell(code, area.number, x, y, use))
    return cells


def draw_buildings(district: District, cells: list[Cell]) -> list[Building]:
    """COUNT buildings beside the mains, each with the pipe that serves it."""
    rng = np.random.default_rng([SEED, 3])
    per_area = {1: 110, 2: 110, 3: 80}
    found: list[Building] = []
    for area in AREAS:
        pipes = [p for p in district.pipes_of(area) if p.kind == "street"]
        lengths = np.array([p.length_m for p in pipes])
        chosen = rng.choice(len(pipes), per_area[area.number], p=lengths / lengths.sum())
        for pipe in (pipes[int(i)] for i in chosen):
            a, b = district.at[pipe.start], district.at[pipe.end]
            share, off = float(rng.uniform(0.1, 0.9)), float(rng.choice([-1, 1]) * rng.uniform(15, 38))
            along = np.array([b.x - a.x, b.y - a.y]) / np.hypot(b.x - a.x, b.y - a.y)
            x = a.x + share * (b.x - a.x) - off * along[1]
            y = a.y + share * (b.y - a.y) + off * along[0]
            use = _use(area.number, rng)
            storeys = {1: (3, 8), 2: (5, 13), 3: (2, 7)}[area.number] if use == "住宅" else (1, 6)
            levels = int(rng.integers(storeys[0], storeys[1] + 1))
            year = max(min(pipe.year + int(rng.integers(-2, 8)), 2022), 1976)
            ground = int(rng.integers(400, 720)) if use == "住宅" else int(rng.integers(600, 2600))
            households = int(levels * ground / 105 * 0.85) if use == "住宅" else 0
            number = len(found) + 1
            serving = a if share < 0.5 else b
            cell = min((c for c in cells if c.area == area.number), key=lambda c: _far(c, x, y))
            found.append(
                Building(
                    f"JZ{number:04d}", f"示例{area.short}{number}号楼（虚构）", area.number, use, levels, year, households,
                    levels * ground, _service_material(year), year, serving.id, cell.code, round(x, 2), round(y, 2),
                )
            )  # fmt: skip
    return found


def _far(cell: Cell, x: float, y: float) -> float:
    return float(np.hypot(cell.x + CELL_M / 2 - x, cell.y + CELL_M / 2 - y))


def _use(area: int, rng: np.random.Generator) -> str:
    uses = {
        1: (("住宅", 0.78), ("商业", 0.14), ("学校", 0.04), ("办公", 0.04)),
        2: (("住宅", 0.68), ("商业", 0.17), ("学校", 0.05), ("办公", 0.10)),
        3: (("住宅", 0.25), ("厂房", 0.50), ("办公", 0.20), ("商业", 0.05)),
    }[area]
    return str(rng.choice([u for u, _ in uses], p=[share for _, share in uses]))


def _service_material(year: int) -> str:
    return "镀锌钢管" if year < 2000 else ("PPR" if year < 2010 else "薄壁不锈钢管")


def people_of(buildings: list[Building], area: int) -> int:
    """Residents of an area."""
    return round(sum(b.households for b in buildings if b.area == area) * PEOPLE_PER_HOUSEHOLD)


def write_buildings(folder: Path, buildings: list[Building]) -> None:
    """建筑物.csv; X is the northing, as in Chinese survey tables."""
    names = {a.number: a.id for a in AREAS}
    write_csv(
        folder / "建筑物.csv",
        ("建筑编号", "建筑名称", "所属分区", "用途", "层数", "建成年份", "户数", "建筑面积(m²)", "接户管管材", "接户管敷设年份",
         "接水节点", "单元网格码", "X坐标(北)", "Y坐标(东)"),
        [(b.id, b.name, names[b.area], b.use, b.storeys, b.year, b.households, b.floor_m2, b.pipe_material, b.pipe_year,
          b.junction, b.cell, f"{b.y:.2f}", f"{b.x:.2f}") for b in buildings],
    )  # fmt: skip


def write_grid(folder: Path, cells: list[Cell]) -> None:
    """单元网格.geojson in CGCS2000 longitude and latitude, one closed polygon per cell."""
    from pyproj import Transformer

    to_degrees = Transformer.from_crs("EPSG:4549", "EPSG:4490", always_xy=True)
    features = []
    for cell in cells:
        corners = [(0, 0), (CELL_M, 0), (CELL_M, CELL_M), (0, CELL_M), (0, 0)]
        ring = [[round(v, 7) for v in to_degrees.transform(cell.x + dx, cell.y + dy)] for dx, dy in corners]
        features.append(
            {
                "type": "Feature",
                "properties": {
                    "单元网格码": cell.code, "区划代码": cell.code[:6], "街道代码": cell.code[6:9], "社区代码": cell.code[9:12],
                    "流水号": cell.code[12:], "面积(m²)": round(CELL_M**2), "面积(亩)": round(CELL_M**2 / SQUARE_METRES_PER_MU, 1),
                    "用地分类": cell.use, "管理级别": "一般", "责任单位": "示例街道办（虚构）", "启用日期": "2024-01-01", "终止日期": "",
                    "所属分区": {a.number: a.id for a in AREAS}[cell.area], "数据性质": "虚构",
                },
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )  # fmt: skip
    head = {
        "type": "FeatureCollection", "name": "示例片区单元网格（虚构）",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}},
    }  # fmt: skip
    rows = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    text = json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [\n' + rows + "\n]}\n"
    (folder / "单元网格.geojson").write_text(text, encoding="utf-8", newline="\n")
