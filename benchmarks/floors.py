"""The least that has to be done, each in a process of its own: `python -m benchmarks.floors NAME DIRECTORY`."""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

COMMITS = 1_000


def files(directory: str) -> Iterator[str]:
    """Yield the path of every file below *directory*."""
    for folder, _, names in os.walk(directory):
        for name in names:
            yield f"{folder}/{name}"


def read(directory: str) -> int:
    """Read and hash every file, and return how many."""
    return len([hashlib.sha256(Path(name).read_bytes()).digest() for name in files(directory)])


def parse(directory: str) -> int:
    """Load every file with the fastest loader of PyYAML, keep nothing, and return how many."""
    import yaml  # noqa: PLC0415 -- the other floors do without

    count = 0
    for name in files(directory):
        yaml.load(Path(name).read_bytes(), Loader=yaml.CSafeLoader)  # noqa: TID251 -- this is what is measured
        count += 1
    return count


def commit(directory: str) -> int:
    """Write as much as one organization to the end of a file and wait for the disk, many times; return how many."""
    with Path(directory, "durable").open("wb", buffering=0) as file:
        for _ in range(COMMITS):
            file.write(bytes(4096))
            os.fsync(file.fileno())
    return COMMITS


def group(directory: str) -> int:
    """Show the help of a click group without commands, and return 1."""
    import click  # noqa: PLC0415 -- likewise

    click.Group("bare", help="Nothing.").main(["--help"], standalone_mode=False)
    return 1


if __name__ == "__main__":
    print({"read": read, "parse": parse, "commit": commit, "group": group}[sys.argv[1]](sys.argv[2]), "done")
