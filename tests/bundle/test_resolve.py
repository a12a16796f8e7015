"""Which wheels a machine needs, and what is named as absent, without asking any index."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def linux():
    from resolve import Target

    return Target("3.12", "manylinux_2_28_x86_64")


def pins_of(*texts):
    from resolve import Pin

    return [Pin(*text.split("==")) for text in texts]


def shelf(**wheels):
    """An index that holds these wheels and says of every other that Windows alone has one."""
    return lambda pin: wheels.get(pin.name, ("win_amd64",))


def test_collect_when_a_marker_is_for_another_machine_then_its_package_is_left_out(wheel, linux):
    from resolve import Target, collect

    root = wheel("cityloop", requires=["plain", "tzdata; sys_platform == 'win32'", "old; python_version < '3.12'"])
    held = shelf(plain=wheel("plain"), tzdata=wheel("tzdata"), old=wheel("old"))
    pins = pins_of("plain==1.0", "tzdata==1.0", "old==1.0")
    assert sorted(collect(root, pins, linux, held).wheels) == ["cityloop", "plain"]
    assert sorted(collect(root, pins, Target("3.11", "win_amd64"), held).wheels) == [
        "cityloop", "old", "plain", "tzdata",
    ]  # fmt: skip


def test_collect_when_only_an_engine_lacks_a_wheel_then_it_is_named_and_the_rest_is_there(wheel, linux):
    from resolve import collect

    root = wheel("cityloop", requires=["wntr>=1.5", "plain"])
    found = collect(root, pins_of("wntr==1.5.0", "plain==1.0"), linux, shelf(plain=wheel("plain")))
    assert sorted(found.wheels) == ["cityloop", "plain"]
    [absence] = found.absences
    assert (str(absence.pin), absence.engine, absence.elsewhere) == ("wntr==1.5.0", "epanet", ("win_amd64",))


def test_collect_when_a_package_below_an_engine_is_absent_then_it_is_the_engines(wheel, linux):
    from resolve import collect

    root = wheel("cityloop", requires=["wntr"])
    found = collect(
        root, pins_of("wntr==1.5.0", "networkx==3.7"), linux, shelf(wntr=wheel("wntr", "1.5.0", ["networkx"]))
    )
    assert [(a.pin.name, a.wanted_by, a.engine) for a in found.absences] == [("networkx", "wntr", "epanet")]


def test_collect_when_core_and_engine_need_the_absent_package_then_it_is_the_cores(wheel, linux):
    from resolve import collect

    root = wheel("cityloop", requires=["wntr", "numpy"])
    found = collect(root, pins_of("wntr==1.5.0", "numpy==2.4.6"), linux, shelf(wntr=wheel("wntr", "1.5.0", ["numpy"])))
    assert [(a.pin.name, a.engine) for a in found.absences] == [("numpy", "")]


def test_collect_when_an_extra_is_asked_for_then_its_packages_come_under_its_name(wheel, linux):
    from resolve import BundleError, collect

    root = wheel("cityloop", requires=["plain", "grid; extra == 'energy'"])
    pins, held = pins_of("plain==1.0", "grid==2.0"), shelf(plain=wheel("plain"))
    assert collect(root, pins, linux, held).absences == []
    assert [(a.pin.name, a.engine) for a in collect(root, pins, linux, held, ["energy"]).absences] == [
        ("grid", "energy")
    ]
    with pytest.raises(BundleError, match="no extra 'enrgy'"):
        collect(root, pins, linux, held, ["enrgy"])


def test_collect_when_a_package_has_no_pin_then_no_other_version_is_taken(wheel, linux):
    from resolve import BundleError, collect

    with pytest.raises(BundleError, match="make pins"):
        collect(wheel("cityloop", requires=["plain"]), [], linux, shelf(plain=wheel("plain")))


def test_elsewhere_when_only_an_older_version_fits_then_the_pin_is_absent():
    from resolve import Pin, Target, elsewhere

    said = """Skipping link: https://index/wntr-1.5.0-cp311-cp311-manylinux2014_x86_64.whl (from https://index/wntr/)
    Skipping link: https://index/wntr-1.5.0-cp311-cp311-macosx_14_0_arm64.whl
    Skipping link: https://index/wntr-1.5.0-cp312-cp312-win_amd64.whl
    Found link https://index/wntr-0.4.2-py3-none-any.whl"""
    arm = Target("3.11", "manylinux_2_28_aarch64")
    assert elsewhere(said, Pin("wntr", "1.5.0"), arm) == ("macosx_14_0_arm64", "manylinux_2_17_x86_64")
    assert elsewhere(said, Pin("wntr", "1.5.0"), Target("3.13", "win_amd64")) == ("cp311", "cp312")


@pytest.mark.parametrize(
    "said",
    ["", "ERROR: Could not find a version (from versions: none)", "Found link https://i/wntr-1.5.0-py3-none-any.whl"],
)
def test_elsewhere_when_the_index_is_silent_or_has_one_then_nothing_is_called_absent(said, linux):
    from resolve import Pin, elsewhere

    assert elsewhere(said, Pin("wntr", "1.5.0"), linux) is None


def test_shared_when_several_are_absent_then_places_that_have_all_are_named():
    from resolve import shared

    lists = [
        ("manylinux_2_17_x86_64", "win_amd64", "macosx_11_0_arm64"),
        ("manylinux_2_28_x86_64", "macosx_12_0_arm64"),
    ]
    assert shared(lists) == ("macosx_12_0_arm64", "manylinux_2_28_x86_64")


def test_target_when_glibc_is_2_28_then_wheels_for_older_ones_fit_and_for_newer_ones_do_not():
    from resolve import Target

    tags = {str(tag) for tag in Target("3.12", "manylinux_2_28_x86_64").tags}
    assert {"cp312-cp312-manylinux2014_x86_64", "cp39-abi3-manylinux_2_17_x86_64", "py3-none-any"} <= tags
    assert not {"cp312-cp312-manylinux_2_34_x86_64", "cp311-cp311-manylinux2014_x86_64"} & tags


@pytest.mark.parametrize(
    ("python", "platform", "says"),
    [("3.10", "win_amd64", "3.11 to 3.13"), ("3.12", "linux", "manylinux_2_28"), ("3.12", "linux_x86_64", "win_amd64")],
)
def test_target_when_it_cannot_be_then_the_cure_is_named(python, platform, says):
    from resolve import BundleError, Target

    with pytest.raises(BundleError, match=says):
        Target(python, platform)


def test_read_pins_when_read_from_the_checkout_then_every_line_is_there_with_its_hashes():
    from resolve import read_pins

    pins = read_pins([ROOT / "requirements" / "demo.txt"])
    lines = (ROOT / "requirements" / "demo.txt").read_text(encoding="utf-8").splitlines()
    assert len(pins) == sum(not line.startswith((" ", "#")) for line in lines if line)
    assert [p.name for p in pins if not p.hashes or not all(h.startswith("sha256:") for h in p.hashes)] == []


def test_imports_when_cityloop_makes_them_then_they_are_declared_and_not_a_guest_of_an_engine():
    """A bundle without an engine has only what is declared: nothing may be there by way of the engine's package."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project.get("optional-dependencies", {}).values() for line in lines]
    declared = {line.split(">")[0].replace("-", "_") for line in [*project["dependencies"], *extras]}
    known = declared | {"cityloop", "markupsafe", "pandapower", "sklearn"} | sys.stdlib_module_names
    # markupsafe comes by jinja2, pandapower by pandapipes; sklearn is scikit-learn's name when imported.
    foreign = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            foreign |= {name.split(".")[0] for name in names} - known
    assert foreign == set()
