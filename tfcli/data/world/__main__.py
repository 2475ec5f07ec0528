"""Prints the embedded corpus: ``python -m tfcli.data.world [--seed S] [--split train]``."""

import argparse
import os
import sys

from tfcli.data.world import documents


def main() -> int:
    """Writes the documents to standard output, separated by empty lines."""
    parser = argparse.ArgumentParser(prog="python -m tfcli.data.world", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the seed of the world (default 0)")
    parser.add_argument("--split", choices=("train", "validation"), help="only this side")
    arguments = parser.parse_args()
    try:
        for document in documents(arguments.seed):
            if arguments.split in (None, document.split):
                sys.stdout.buffer.write(f"{document.text.rstrip()}\n\n".encode())
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has seen enough. Python would complain once more on closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
