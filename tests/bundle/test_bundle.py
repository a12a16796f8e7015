"""What a bundle holds, and what its installer says before it installs anything."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile

import pytest

HERE = "{}.{}".format(*sys.version_info)


@pytest.fixture
def written(wheel, tmp_path):
    """A bundle of tiny wheels for this machine, without the EPANET engine."""

    def made(python=HERE, platform=None):
        from make_bundle import own_platform, write_folder
        from resolve import Absence, Found, Pin, Target

        target = Target(python, platform or own_platform())
        held = {name: wheel(name) for name in ("cityloop", "plain", "pip")}
        folder = tmp_path / "bundle"
        lost = Absence(Pin("wntr", "1.5.0"), "cityloop", ("win_amd64",), "epanet")
        write_folder(folder, Found(held, [lost]), target, "1.0")
        return folder

    return made


def run(*command, **settings):
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, **settings)


def test_bundle_when_written_then_every_file_stands_in_the_manifest_with_its_sum(written):
    folder = written()
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert sums == {
        name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items() if name != "SHA256SUMS"
    }
    pins = (folder / "requirements.txt").read_text().splitlines()
    assert pins[-1] == f"plain==1.0 --hash=sha256:{sums['wheels/plain-1.0-py3-none-any.whl']}"
    assert len(pins) == 3


def test_bundle_when_an_engine_is_absent_then_both_languages_say_so_and_the_demo_is_not_offered(written):
    folder = written()
    english, chinese = (folder / "ABSENT.txt").read_text(encoding="utf-8").splitlines()
    for line in (english, chinese):
        assert "epanet" in line and "wntr==1.5.0" in line and "win_amd64" in line
    assert re.search("[一-鿿]", chinese) and not re.search("[一-鿿]", english)
    assert "cityloop --help" in (folder / "README.txt").read_text(encoding="utf-8")
    assert json.loads((folder / "bundle.json").read_text())["absent"][0]["engine"] == "epanet"


def test_texts_when_filled_in_then_no_blank_is_left(written):
    for file in written().glob("*.*"):
        assert re.findall(r"@\w+@", file.read_text(encoding="utf-8")) == [], file.name


def test_pack_when_done_twice_then_the_bytes_are_the_same(written):
    from make_bundle import pack

    folder = written()
    first = pack(folder).read_bytes()
    for file in folder.rglob("*"):
        file.touch()
    assert pack(folder).read_bytes() == first
    with tarfile.open(folder.with_name("bundle.tar.gz")) as tar:
        assert {m.name.split("/")[0] for m in tar} == {"bundle"}


def test_check_when_the_bundle_is_whole_and_fits_then_it_is_silent(written):
    done = run(sys.executable, written() / "check.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("spoil", ["change", "remove"])
def test_check_when_a_file_is_spoiled_then_it_is_named(written, spoil):
    folder = written()
    file = folder / "wheels" / "plain-1.0-py3-none-any.whl"
    file.write_bytes(b"") if spoil == "change" else file.unlink()
    done = run(sys.executable, folder / "check.py")
    assert done.returncode == 1
    assert done.stderr.count("wheels/plain-1.0-py3-none-any.whl") == 2 and "Cure" in done.stderr


def test_check_when_the_bundle_is_for_another_machine_then_both_are_named(written):
    done = run(sys.executable, written(platform="manylinux_2_28_s390x") / "check.py")
    assert done.returncode == 1
    assert "Linux s390x" in done.stderr and "Cure" in done.stderr and "解决办法" in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library of Linux")
def test_check_when_the_c_library_is_too_old_then_both_versions_are_named(written):
    import platform

    done = run(sys.executable, written(platform=f"manylinux_2_99_{platform.machine()}") / "check.py")
    assert done.returncode == 1
    assert "glibc 2.99" in done.stderr and "Cure" in done.stderr


needs_sh = pytest.mark.skipif(shutil.which("sh") is None or sys.platform == "win32", reason="needs sh")


@needs_sh
def test_install_when_the_named_python_is_another_then_it_says_which_is_needed(written, tmp_path):
    other = "3.12" if HERE != "3.12" else "3.11"
    folder = written(python=other)
    done = run("sh", folder / "install.sh", tmp_path / "venv", env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable})
    assert done.returncode == 1
    assert f"needs Python {other}" in done.stderr and f"Python {HERE}" in done.stderr and "解决办法" in done.stderr
    assert not (tmp_path / "venv").exists()


@needs_sh
def test_install_when_the_folder_exists_then_nothing_in_it_is_touched(written, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("kept")
    settings = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}
    done = run("sh", written() / "install.sh", tmp_path / "mine", env=settings)
    assert done.returncode == 1 and "exists" in done.stderr
    assert (tmp_path / "mine" / "file").read_text() == "kept"


@needs_sh
def test_install_when_a_file_is_spoiled_then_no_environment_is_left_behind(written, tmp_path):
    folder = written()
    (folder / "requirements.txt").write_text("plain==2.0\n")
    settings = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}
    done = run("sh", folder / "install.sh", tmp_path / "venv", env=settings)
    assert done.returncode == 1 and "requirements.txt" in done.stderr
    assert not (tmp_path / "venv").exists()
