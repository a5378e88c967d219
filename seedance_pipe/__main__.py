"""`python -m seedance_pipe` and the `seedance-pipe` script."""

from __future__ import annotations

from seedance_pipe.cli.main import main

if __name__ == "__main__":
    main()
