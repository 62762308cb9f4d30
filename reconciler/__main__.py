"""`python -m reconciler`."""

from reconciler.cli import entry

if __name__ == "__main__":
    entry()
