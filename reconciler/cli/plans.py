"""Files of saved plans."""

from pathlib import Path

from reconciler.model.errors import UnreadablePlanError, UsageError

SUFFIX = ".json"


def is_plan_file(path: str) -> bool:
    """Tell whether an argument names a saved plan: that is what every file is whose name ends in `.json`."""
    return path.endswith(SUFFIX)


def read_plan_file(path: str) -> str:
    """Return the text of a plan file.

    Raises:
        UnreadablePlanError: it cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadablePlanError(f"{path} cannot be read: {error.strerror}", hint=f"reconciler plan PATH... --out {path}") from error
    except ValueError as error:
        raise UnreadablePlanError(f"{path} is no saved plan: it is not UTF-8 text", detail=str(error)) from error


def refuse_plan_files(paths: tuple[str, ...]) -> None:
    """Say what a saved plan among manifests is for.

    Raises:
        UsageError: there is one.
    """
    for path in filter(is_plan_file, paths):
        raise UsageError(f"{path} is the name of a saved plan, not of a manifest", hint=f"reconciler show {path}")


def refuse_name(out: str | None) -> None:
    """Insist on the ending by which a saved plan is known again.

    Raises:
        UsageError: *out* has another one.
    """
    if out is not None and not is_plan_file(out):
        raise UsageError(f"--out {out}: the name of a saved plan ends in {SUFFIX}", hint=f"--out {Path(out).with_suffix(SUFFIX)}")
