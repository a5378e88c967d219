"""`python -m seedance_pipe` and the `seedance-pipe` script."""

from __future__ import annotations

import sys

from seedance_pipe import __version__


def main() -> None:
    """The version is answered before anything is loaded: scripts ask for it often."""
    if sys.argv[1:] == ["--version"]:
        print(f"seedance-pipe {__version__}")
        return
    try:
        from seedance_pipe.cli.main import main as command_line
    except KeyboardInterrupt:
        # While we load, nothing has begun.
        sys.exit(130)
    command_line()


if __name__ == "__main__":
    main()
