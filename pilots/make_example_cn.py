"""Write src/cityloop/cities/example-cn anew: `python pilots/make_example_cn.py [FOLDER]`. The same seed, the same bytes."""

import sys
from pathlib import Path

from example_cn.billing import write_billing
from example_cn.buildings import draw_buildings, draw_cells, people_of, write_buildings, write_grid
from example_cn.definition import LOGGERS, write_definition
from example_cn.district import AREAS, draw_district, write_network
from example_cn.projects import write_projects
from example_cn.readings import place_loggers, play, true_course, write_positions, write_readings
from example_cn.requests import write_requests
from example_cn.supply import write_supply

FOLDER = Path(__file__).parents[1] / "src" / "cityloop" / "cities" / "example-cn"


def make(folder: Path) -> None:
    """Every file of the example city but its README.md."""
    folder.mkdir(parents=True, exist_ok=True)
    district, cells = draw_district(), draw_cells()
    buildings = draw_buildings(district, cells)
    write_network(district, folder)
    write_buildings(folder, buildings)
    write_grid(folder, cells)
    counts = {
        a.number: (sum(b.area == a.number for b in buildings), people_of(buildings, a.number)) for a in AREAS
    }  # fmt: skip
    inside = [j.id for j in district.junctions if j.area]
    write_definition(folder, district, inside[:LOGGERS], counts)
    loggers = place_loggers(folder)
    write_definition(folder, district, loggers, counts)
    write_positions(folder, district, loggers)
    played = play(folder)
    write_readings(folder, district, loggers, played)
    course = true_course(district, played)
    write_billing(
        folder, course.used_m3, {a.number: sum(b.households for b in buildings if b.area == a.number) for a in AREAS}
    )
    write_requests(folder, district, buildings, course.seepages)
    write_projects(folder)
    write_supply(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
