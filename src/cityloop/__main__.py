"""`python -m cityloop` and the command `cityloop`."""

import sys
import warnings

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what libraries tell their developers is noise on a user's terminal
    from cityloop.cli.app import app

    app(prog_name="cityloop")


if __name__ == "__main__":
    main()
