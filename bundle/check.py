"""Looks whether this machine fits the bundle and whether every file of it is whole; says both in English and Chinese."""
# ruff: noqa: D103, UP031
# Runs before anything is installed, on whatever Python is there: plain, old syntax.

import hashlib
import json
import os
import platform
import sys


def stop(english, chinese):
    if hasattr(sys.stderr, "reconfigure"):
        sys.stderr.reconfigure(errors="replace")
    sys.stderr.write(english + "\n" + chinese + "\n")
    sys.exit(1)


def main():
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    with open("bundle.json", encoding="utf-8") as opened:
        facts = json.load(opened)
    if "%d.%d" % sys.version_info[:2] != facts["python"]:
        got = (facts["python"], platform.python_version())
        stop(
            "This bundle is for Python %s; this is Python %s. Cure: install that Python, or get the bundle for this one."
            % got,
            "本离线包适用于 Python %s，当前为 Python %s。解决办法：安装该版本，或改用适合当前 Python 的离线包。" % got,
        )
    here = "%s %s" % (platform.system(), platform.machine().lower())
    fits = "%s %s" % (facts["system"], facts["machine"])
    if here != fits:
        stop(
            "This bundle is for %s; this machine is %s. Cure: get the bundle for this machine." % (fits, here),
            "本离线包适用于 %s，本机为 %s。解决办法：改用适合本机的离线包。" % (fits, here),
        )
    name, version = oldest_here()
    wanted, oldest = facts["oldest"]
    if wanted and (name != wanted or (version and numbers(version) < numbers(oldest))):
        got = ("%s %s" % (wanted, oldest), ("%s %s" % (name, version)).strip())
        stop(
            "This bundle needs %s or newer; this machine has %s. Cure: get a bundle made for it (BUNDLE_PLATFORM)."
            % got,
            "本离线包需要 %s 或更高版本，本机为 %s。解决办法：改用为本机制作的离线包（BUNDLE_PLATFORM）。" % got,
        )
    whole()


def oldest_here():
    """("glibc", "2.36"), ("musl", version if it tells) or ("macOS", "14.5"); ("", "") on Windows."""
    if platform.system() == "Linux":
        name, version = platform.libc_ver()
        return (name or "musl", version)
    return ("macOS", platform.mac_ver()[0]) if platform.system() == "Darwin" else ("", "")


def numbers(version):
    return [int(n) for n in version.split(".")[:2]]


def whole():
    with open("SHA256SUMS", encoding="utf-8") as opened:
        lines = [line.rstrip("\n").split("  ", 1) for line in opened]
    broken = [name for digest, name in lines if not os.path.isfile(name) or sha256(name) != digest]
    if broken:
        listed = ", ".join(broken)
        stop(
            "Missing, or changed since the bundle was made: %s. Cure: copy and unpack the bundle again." % listed,
            "以下文件缺失，或在制作后被改动：%s。解决办法：重新复制并解压离线包。" % listed,
        )


def sha256(name):
    digest = hashlib.sha256()
    with open(name, "rb") as opened:
        for part in iter(lambda: opened.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()


if __name__ == "__main__":
    main()
