"""`cityloop export` and `cityloop import`: everything of a city out to open formats, and back.

Beside what the store writes, the folder `definition` holds city.toml and the model files that lie in the city folder.
"""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from cityloop.cli.options import CityArg, LangOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "export", "import_"]

TEXTS = {
    "exported": Pair("Exported to {folder}", "已导出到 {folder}"),
    "imported": Pair("Imported into {folder}", "已导入到 {folder}"),
    "no_export": Pair("This folder holds no export.", "该文件夹不是导出结果。"),
    "no_export_cure": Pair("Name the folder that cityloop export wrote.", "请指明 cityloop export 写出的文件夹。"),
}
DirArg = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the export / 导出文件夹")]


def export(city: CityArg, folder: DirArg, lang: LangOpt = None) -> None:
    """Export every observation and record as Parquet and JSON lines / 导出全部观测与记录."""
    from cityloop.cli.language import say
    from cityloop.cli.opening import opened
    from cityloop.cli.screen import print_lines

    with opened(city) as open_city:
        open_city.store.export(folder)
        models = [m.file for m in open_city.settings.models]
    for name in ["city.toml", *models]:
        place = folder / "definition" / name
        inside = place.resolve().is_relative_to((folder / "definition").resolve())
        if inside and (city / name).is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(city / name, place)
    print_lines(say(TEXTS["exported"], folder=folder.resolve()))


def import_(folder: DirArg, city: CityArg, lang: LangOpt = None) -> None:
    """Import an export into a new city folder, or one without data / 把导出导入新的或没有数据的城市文件夹."""
    from cityloop.cli.language import say
    from cityloop.cli.screen import print_lines, quiet_stdout
    from cityloop.errors import InputError
    from cityloop.settings import load_city

    if not folder.is_dir():
        raise InputError(say(TEXTS["no_export"]), where=str(folder), cure=say(TEXTS["no_export_cure"]))
    definition = folder / "definition"
    if not (city / "city.toml").exists() and (definition / "city.toml").is_file():
        shutil.copytree(definition, city, dirs_exist_ok=True)
    load_city(city)
    with quiet_stdout():
        from cityloop.store import Store

        Store.restore(folder, city / "data").close()
    print_lines(say(TEXTS["imported"], folder=city.resolve()))
