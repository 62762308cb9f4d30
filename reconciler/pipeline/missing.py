"""What is said when the stored state, or something in it, is not there. Loads next to nothing, as every command that reads needs it."""

from collections.abc import Iterable

from reconciler.model.errors import MissingStateError
from reconciler.model.protocols import Facts, StateReader
from reconciler.pipeline.request import Request


def require_state(request: Request, state: StateReader | Facts) -> None:
    """Refuse to go on without a stored state where there must be one.

    Raises:
        MissingStateError: `state.mustExist` is set and there is no state.
    """
    if request.must_exist and state.lineage is None:
        raise MissingStateError(
            f"there is no stored state at {state.location}",
            detail="state.mustExist is true in reconciler.yaml",
            hint="restore the state from a backup, or set state.mustExist: false for the first apply",
        )


def unknown_organization(name: str, stored: Iterable[str], location: str, *, command: str = "show") -> MissingStateError:
    """Return the error for an organization that is not among the *stored*; it names the one that may be meant, in a call of *command*."""
    from reconciler.rules import closest  # noqa: PLC0415 - the rules load slowly, and most names are right

    close = closest(name, list(stored))
    hint = f"reconciler {command} {close}" if close else "reconciler show"
    return MissingStateError(f"no organization {name} is stored at {location}", hint=hint)
