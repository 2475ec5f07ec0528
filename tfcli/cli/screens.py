"""Make the pictures of the README: `python -m tfcli.cli.screens docs/screens --model RUN`.

Each is what its own command writes, so what the README shows is what a reader gets from a model of
theirs.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

# File, columns, and what is typed behind `tfcli explain`.
SCREENS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("explain.svg", 80, ("The cat sat on the",)),
    ("chinese.svg", 80, ("她每天吃一个苹果",)),
    ("lens.svg", 100, ("The cat sat on the", "--section", "lens,credit,lens_grid,next,audit")),
    ("ledger.svg", 100, ("The cat sat on the", "--section", "ledger,audit")),
    ("teach.svg", 100, ("The cat sat on the", "--teach", "--lang", "en")),
)


def main(argv: list[str] | None = None) -> int:
    """Write all pictures into a folder; the exit code of the first command that fails, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tfcli.cli.screens", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    asked = parser.parse_args(argv)
    for name, columns, words in SCREENS:
        place = str(asked.folder / name)
        options = ["--model", asked.model, "--device", "cpu", "--svg", place]
        done = subprocess.run(
            [sys.executable, "-m", "tfcli", "explain", *words, *options],
            env={**os.environ, "COLUMNS": str(columns)},
            check=False,
        )
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
