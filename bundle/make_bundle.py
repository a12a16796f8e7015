"""Writes dist/cityloop-bundle-VERSION-PLATFORM-pyXXX.tar.gz, the offline install of docs/bundle.md: make bundle."""

import argparse
import gzip
import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from packaging.tags import platform_tags
from packaging.utils import parse_wheel_filename
from resolve import ENGINES, Absence, BundleError, Found, Pin, Target, collect, elsewhere, read_pins, shared

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
GLIBC = "manylinux_2_28"  # Debian 10, RHEL 8, Ubuntu 20.04 and newer
WINDOWS = (
    r"py -{python} check.py && py -{python} -m venv --without-pip venv && venv\Scripts\python wheels\{pip}\pip --isolated "
    r"install --no-index --find-links wheels --require-hashes --no-deps -r requirements.txt"
)


def main() -> None:
    """Read the options, make the bundle, say where it is and what it lacks."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--python", default="", help="3.11, 3.12 or 3.13; this interpreter's if not given")
    ask.add_argument(
        "--platform", default="", help="wheel tag, e.g. manylinux_2_28_aarch64; this machine's if not given"
    )
    ask.add_argument("--extras", default="", help="extras of pyproject.toml, e.g. energy")
    ask.add_argument("--uv", default="uv", help="builds the cityloop wheel")
    ask.add_argument("--pip", default=sys.executable, help="a Python that has pip, which downloads the wheels")
    ask.add_argument("--out", type=Path, default=CHECKOUT / "dist")
    given = ask.parse_args()
    try:
        python = given.python or "{}.{}".format(*sys.version_info)
        target = Target(python, given.platform or own_platform())
        file, absences = make(target, given.extras.replace(",", " ").split(), given.uv, given.pip, given.out)
    except BundleError as fault:
        sys.exit(f"No bundle. {fault}")
    for absence in absences:
        sys.stdout.write(in_words(absence, target)[0] + "\n")
    sys.stdout.write(f"{file} ({file.stat().st_size / 1e6:.0f} MB)\n")


def own_platform() -> str:
    """The platform of this machine; on Linux with GNU's library an older one, so that the bundle travels."""
    newest = next((tag for tag in platform_tags() if not tag.startswith("linux")), None)
    if newest is None:
        raise BundleError("This machine's platform has no wheel tag of its own. Cure: name one with BUNDLE_PLATFORM.")
    return f"{GLIBC}_{platform.machine()}" if newest.startswith("manylinux") else newest


def make(target: Target, extras: list[str], uv: str, pip: str, out: Path) -> tuple[Path, list[Absence]]:
    """Build, collect, write; the path of the .tar.gz and what it lacks."""
    files = [CHECKOUT / "requirements" / "demo.txt"]
    if extras:
        files += sorted(set((CHECKOUT / "requirements").glob("*.txt")) - set(files))
    with tempfile.TemporaryDirectory(prefix="cityloop-bundle-") as folder:
        cache = Path(folder)
        _run(uv, "build", "--wheel", "--quiet", "--out-dir", str(cache), str(CHECKOUT))
        wheel = next(cache.glob("cityloop-*.whl"))
        found = collect(wheel, read_pins(files), target, lambda pin: download(pin, target, pip, cache), extras)
        lost = [a for a in found.absences if not a.engine]
        if lost:
            names = ", ".join(str(a.pin) for a in lost)
            places = ", ".join(shared(a.elsewhere for a in lost)) or "none: there is no platform that has them all"
            raise BundleError(
                f"Cityloop cannot do without these, which have no wheel for {target.platform}, Python {target.python}: {names}. "
                f"Other versions are not put in their place. Cure: BUNDLE_PLATFORM, one of {places}"
            )
        [installer] = read_pins([HERE / "pip.txt"])
        installed = download(installer, target, pip, cache)
        if not isinstance(installed, Path):
            raise BundleError(f"{installer} has no wheel. Cure: renew bundle/pip.txt")
        found.wheels["pip"] = installed
        version = parse_wheel_filename(wheel.name)[1]
        name = f"cityloop-bundle-{version}-{target.platform}-py{target.python.replace('.', '')}"
        shutil.rmtree(out / name, ignore_errors=True)
        write_folder(out / name, found, target, str(version))
    return pack(out / name), found.absences


def download(pin: Pin, target: Target, pip: str, cache: Path) -> Path | tuple[str, ...]:
    """The wheel of a pin, its hash checked by pip; the tags that have one, where the index has none for the target."""
    folder = cache / pin.name
    folder.mkdir()
    line = " ".join([str(pin), *(f"--hash={h}" for h in pin.hashes)])
    _write(folder / "requirement.txt", line + "\n")
    chosen = [word for tag in target.platforms for word in ("--platform", tag)]
    done = subprocess.run(
        [pip, "-m", "pip", "download", "-vv", "--no-deps", "--only-binary", ":all:", *chosen, "--python-version", target.python,
         "--implementation", "cp", "--require-hashes",
         "-r", str(folder / "requirement.txt"), "-d", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return next(folder.glob("*.whl"))
    # Absent only if the index did answer for this very version and offers nothing that fits; all else is a fault.
    others = elsewhere(done.stdout + done.stderr, pin, target)
    if others is None:
        faults = [x for x in (done.stdout + done.stderr).splitlines() if x.lstrip().startswith(("ERROR", "WARNING"))]
        said = "\n".join(dict.fromkeys(faults[-6:])) or done.stderr[-500:]
        raise BundleError(f"{pin} cannot be downloaded. Cure: see what pip says, and the package index.\n{said}")
    return others


def in_words(absence: Absence, target: Target) -> tuple[str, str]:
    """An absence with its cure, in English and Chinese."""
    pin, where, others = absence.pin, f"{target.platform}, Python {target.python}", ", ".join(absence.elsewhere)
    by = "" if absence.wanted_by == "cityloop" else absence.wanted_by
    english, chinese = ("engine", "仿真引擎") if absence.engine in ENGINES.values() else ("extra", "可选组件")
    return (
        f"ABSENT: {english} '{absence.engine}'. {pin}{f' (needed by {by})' if by else ''} has no wheel for {where}; "
        "another version is not put in its place. Cure: use it on a machine that has one, and make the bundle "
        f"for it: {others}.",
        f"缺少{chinese}“{absence.engine}”：{pin}{f'（{by} 的依赖）' if by else ' '}没有适用于 {where} 的安装包（wheel），"
        f"也不会用其他版本顶替。解决办法：改在有该安装包的平台上使用，并为该平台制作离线包：{others}。",
    )


def write_folder(folder: Path, found: Found, target: Target, version: str) -> None:
    """The bundle as a folder: wheels, pins, installer, read-me, manifest."""
    (folder / "wheels").mkdir(parents=True)
    pins = []
    for name, wheel in sorted(found.wheels.items()):
        copied = folder / "wheels" / wheel.name
        shutil.copyfile(wheel, copied)
        pins.append(f"{name}=={parse_wheel_filename(wheel.name)[1]} --hash=sha256:{sha256(copied)}\n")
    _write(folder / "requirements.txt", "".join(pins))
    pip, windows = found.wheels["pip"].name, target.system == "Windows"
    filled = {
        "version": version, "platform": target.platform, "python": target.python, "pip": pip,
        "install": WINDOWS.format(python=target.python, pip=pip) if windows else "sh install.sh",
        "command": r"venv\Scripts\cityloop" if windows else "venv/bin/cityloop",
        # The pilot of the demo runs on EPANET.
        "begin": "--help" if any(a.engine == "epanet" for a in found.absences) else "demo",
    }  # fmt: skip
    for text in ["README.txt", "check.py", *([] if windows else ["install.sh"])]:
        _write(folder / text, re.sub(r"@(\w+)@", lambda m: filled[m[1]], (HERE / text).read_text(encoding="utf-8")))
    if found.absences:
        words = [in_words(absence, target) for absence in found.absences]
        _write(folder / "ABSENT.txt", "\n".join(line for pair in words for line in pair) + "\n")
    absent = [{"package": str(a.pin), "engine": a.engine, "elsewhere": a.elsewhere} for a in found.absences]
    facts = {"cityloop": version, "python": target.python, "platform": target.platform, "system": target.system,
             "machine": target.machine, "oldest": target.oldest, "absent": absent}  # fmt: skip
    _write(folder / "bundle.json", json.dumps(facts, indent=2) + "\n")
    held = sorted(p for p in folder.rglob("*") if p.is_file())
    sums = [f"{sha256(p)}  {p.relative_to(folder).as_posix()}\n" for p in held]
    _write(folder / "SHA256SUMS", "".join(sums))


def pack(folder: Path) -> Path:
    """The folder as .tar.gz beside it: the same bytes for the same files, whoever packs them and when."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        member.mode = 0o755 if member.isdir() or member.name.endswith(".sh") else 0o644
        return member

    file = folder.with_name(folder.name + ".tar.gz")
    with (
        file.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for path in [folder, *sorted(folder.rglob("*"))]:
            tar.add(path, arcname=path.relative_to(folder.parent).as_posix(), recursive=False, filter=plain)
    return file


def sha256(file: Path) -> str:
    """Of the file's bytes, as hexadecimal digits."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="\n")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(f"'{' '.join(command[:2])}' failed:\n{(done.stderr or done.stdout)[-1500:]}")


if __name__ == "__main__":
    main()
