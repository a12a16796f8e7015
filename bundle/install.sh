#!/bin/sh
# Installs Cityloop from this folder alone, with the network off:  sh install.sh [FOLDER]
# 仅用本文件夹安装 Cityloop，无需联网：                              sh install.sh [目标文件夹]
# FOLDER is made; ./venv beside this file if not given. PYTHON=/path/to/python@python@ names the interpreter.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case ${1:-} in
  "") venv=$here/venv ;;
  /*) venv=$1 ;;
  *) venv=$PWD/$1 ;;
esac

python=
for candidate in ${PYTHON:+"$PYTHON"} python@python@ python3 /usr/bin/python3; do
  if "$candidate" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "@python@")' 2>/dev/null; then
    python=$candidate
    break
  fi
  # A Python that was named is the one to use: check.py says what is wrong with it.
  if [ -n "${PYTHON:-}" ]; then break; fi
done
if [ -z "$python" ]; then
  found=${PYTHON:-python3}
  found="$found: $("$found" --version 2>&1 | head -n 1 || true)"
  echo "This bundle needs Python @python@ ($found). Cure: PYTHON=/path/to/python@python@ sh install.sh, or get the bundle for your Python (3.11 to 3.13)." >&2
  echo "本离线包需要 Python @python@（$found）。解决办法：PYTHON=/路径/python@python@ sh install.sh，或改用适合本机 Python（3.11 至 3.13）的离线包。" >&2
  exit 1
fi
unset PYTHONHOME PYTHONPATH

if [ -e "$venv" ]; then
  echo "$venv exists. Cure: remove it, or name another folder: sh install.sh FOLDER" >&2
  echo "$venv 已存在。解决办法：先删除，或另指定文件夹：sh install.sh 目标文件夹" >&2
  exit 1
fi
"$python" "$here/check.py"

# pip comes with the bundle: Debian's python3 may lack its own. No setting of this machine may change what is installed.
trap 'rm -rf "$venv"' EXIT
"$python" -m venv --without-pip "$venv"
PIP_CONFIG_FILE=/dev/null "$venv/bin/python" "$here/wheels/@pip@/pip" --isolated --disable-pip-version-check --no-cache-dir \
  install -q --no-index --find-links "$here/wheels" --require-hashes --no-deps --only-binary :all: -r "$here/requirements.txt"
"$venv/bin/cityloop" --version >/dev/null
trap - EXIT

if [ -f "$here/ABSENT.txt" ]; then cat "$here/ABSENT.txt"; fi
echo "Installed / 已安装: $venv"
echo "Begin / 开始: $venv/bin/cityloop @begin@"
