"""state copy, state migrate: work on the stored state as a whole. Nobody's access changes, and no entry of the journal."""

from contextlib import closing

from reconciler.model.errors import CorruptStateError, MissingStateError, StoreError
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import organization_address
from reconciler.model.protocols import StateReader
from reconciler.model.results import Copied, Migrated, Problem, Verification
from reconciler.pipeline.reading import verify_journal
from reconciler.pipeline.request import Request
from reconciler.stores import CURRENT_VERSION, masked, open_store, version_at
from reconciler.stores import copy_state as copy_rows


def copy_state(request: Request, target: str) -> Copied:
    """Copy the stored state to the URL *target*, where there must be none. The copy is verified before it becomes a state.

    Raises:
        MissingStateError: there is no stored state.
        CorruptStateError: it is not intact; nothing was copied.
        LockedError: a run holds one of its locks.
        StoreError: there is a state at *target*.
    """
    if masked(target) == masked(request.state):
        raise StoreError(f"{masked(target)} is the state itself", hint="name another place")
    made: list[Verification] = []

    def check(copy: StateReader) -> None:
        found = verify_journal(copy)
        if found.problems:
            raise CorruptStateError(
                f"the state at {masked(request.state)} is not intact; nothing was copied",
                findings=[_finding(problem) for problem in found.problems],
            )
        made.append(found)

    copy_rows(request.state, target, check)
    (found,) = made
    return Copied(
        source=masked(request.state),
        target=masked(target),
        lineage=found.lineage,
        organizations=found.organizations,
        entries=found.entries,
        head=found.head,
    )


def _finding(problem: Problem) -> Finding:
    return Finding(
        rule=CorruptStateError.rule,
        severity=Severity.ERROR,
        message=problem.message if problem.organization is None else f"{problem.organization}: {problem.message}",
        hint="reconciler verify",
        address=None if problem.organization is None else organization_address(problem.organization),
    )


def migrate_state(request: Request, *, create: bool) -> Migrated:
    """Lead the stored state to the layout of today, after a backup; what is of that layout already stays as it is.

    Args:
        request: names the stored state.
        create: make a state where there is none; its tables then belong to whoever runs this.

    Raises:
        MissingStateError: there is none, and *create* is false.
        StateVersionError: a newer version wrote it.
    """
    before = version_at(request.state)
    if before is None and not create:
        hint = "--create makes one, and so does the first apply; --state names another one"
        raise MissingStateError(f"there is no stored state at {masked(request.state)}", hint=hint)
    with closing(open_store(request.state, create=create)) as store:
        return Migrated(location=store.location, before=before, after=CURRENT_VERSION)
