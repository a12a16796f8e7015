"""The outermost door: every error leaves as one message and an exit code, never as a traceback."""

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import typer

from cityloop import __version__
from cityloop.cli.exit_codes import UNEXPECTED
from cityloop.cli.language import say
from cityloop.cli.screen import error_text, show_error
from cityloop.errors import Cancelled, CityloopError, StoreError
from cityloop.i18n import Pair

__all__ = ["TEXTS", "guarded"]

T = TypeVar("T")
TEXTS = {
    "stopped": Pair("Stopped as you asked; what was committed stays.", "已按要求中止，已提交的内容保留。"),
    "disk": Pair("A file or folder cannot be read or written.", "文件或目录无法读写。"),
    "disk_cure": Pair("Check its rights and the free space, then start again.", "检查权限和剩余空间后重试。"),
    "unexpected": Pair(
        "Something went wrong that Cityloop did not expect ({kind}). The details are in {log}; please report them.",
        "出现未预料的错误（{kind}）。详情见 {log}，请反馈给开发者。",
    ),
    "unlogged": Pair("(no folder could be written)", "（没有可写的目录）"),
}


def guarded(work: Callable[[], T]) -> T:
    """Do the work; say what stopped it. Raises typer.Exit with the code of exit_codes.py."""
    try:
        return work()
    except CityloopError as fault:
        show_error(error_text(fault))
        raise typer.Exit(fault.exit_code) from fault
    except KeyboardInterrupt as fault:
        show_error(say(TEXTS["stopped"]))
        raise typer.Exit(Cancelled.exit_code) from fault
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise
    except BrokenPipeError as fault:
        _close_output()
        raise typer.Exit(0) from fault
    except OSError as fault:
        place = str(fault.filename or "")
        told = StoreError(
            say(TEXTS["disk"]), where=place, got=fault.strerror or str(fault), cure=say(TEXTS["disk_cure"])
        )
        show_error(error_text(told))
        raise typer.Exit(told.exit_code) from fault
    except Exception as fault:
        show_error(say(TEXTS["unexpected"], kind=type(fault).__name__, log=_write_log(fault)))
        raise typer.Exit(UNEXPECTED) from fault


def _close_output() -> None:
    """The reader has left (`| head`): let the interpreter flush into nothing at its end."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - lives until the process ends


def _write_log(fault: BaseException) -> str:
    """Write the details to a file in the temporary folder; returns its place."""
    head = f"cityloop {__version__}, Python {sys.version.split()[0]}, {sys.platform}, {datetime.now(UTC).isoformat()}\n"
    head += f"{' '.join(sys.argv)}\n"
    try:
        handle, name = tempfile.mkstemp(prefix="cityloop-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(head + "".join(traceback.format_exception(fault)))
        return str(Path(name))
    except OSError:
        return say(TEXTS["unlogged"])
