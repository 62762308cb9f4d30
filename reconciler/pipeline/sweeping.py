"""sweep: end what is over, by the stored state alone. No manifest is read, no rule is asked, no actor is needed."""

from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime

from reconciler.model.changes import Status
from reconciler.model.errors import CorruptStateError, LockedError, StoreError
from reconciler.model.protocols import StateReader, StoredHead
from reconciler.model.results import Application, Counts, Swept
from reconciler.pipeline.missing import require_state, unknown_organization
from reconciler.pipeline.overdue import due
from reconciler.pipeline.present import present
from reconciler.pipeline.request import Request, RunSettings
from reconciler.planning.seal import PlanHash
from reconciler.reports.stateless import with_stateless
from reconciler.stores import open_reader, open_store


def sweep(request: Request, settings: RunSettings) -> Swept:
    """End access that is over, and nothing else; without anything due nothing is written and no lock is taken.

    Raises:
        MissingStateError: there must be a stored state and there is none, or an organization that was named is not in it.
        StoreError: the stored state cannot be read.
    """
    with closing(open_reader(request.state)) as reader:
        require_state(request, reader)
        now = present(settings.clock, reader).now
        names = _in_scope(_due(reader, now), request, reader)
        nothing = _nothing(request, settings, reader)
        if not names:
            return _swept(nothing, reader, now)
        from reconciler.applying import end_due  # noqa: PLC0415 - nothing is due nearly always, and then nothing of this is needed
        from reconciler.pipeline.running import run_of  # noqa: PLC0415 - likewise

        try:
            store = open_store(request.state, create=False)
        except StoreError as error:
            return _swept(replace(nothing, failures=error.findings), reader, now)
    with closing(store):
        application = end_due(names, store, run_of(request, settings))
        with suppress(StoreError):  # what was ended is ended, whatever can be read now
            now = present(settings.clock, store).now
        return _swept(application, store, now)


def _due(reader: StateReader, now: datetime) -> list[str]:
    """Return the organizations in which an end has come, the longest overdue first.

    When some heads cannot be read, every organization is looked at instead: damage in one is never read as "nothing ends".
    """
    try:
        return [name for _, name in due(reader.heads(), now)]
    except CorruptStateError:
        return [head.organization for head in reader.chain_heads()]


def _in_scope(names: list[str], request: Request, reader: StateReader) -> list[str]:
    """Return those of *names* that `--org` and `-l` leave."""
    if request.organizations:
        known = {head.organization for head in reader.chain_heads()}
        for name in sorted(request.organizations - known):
            raise unknown_organization(name, known, reader.location)
        names = [name for name in names if name in request.organizations]
    return [name for name in names if not request.labels or _has_labels(name, request, reader)]


def _has_labels(name: str, request: Request, reader: StateReader) -> bool:
    try:
        stored = reader.read(name).organization
    except CorruptStateError:
        return True  # it may be meant, and is reported
    labels = stored.settings.labels if stored is not None and stored.settings is not None else {}
    return all(labels.get(key) == value for key, value in request.labels.items())


def _nothing(request: Request, settings: RunSettings, reader: StateReader) -> Application:
    return Application(
        operation=settings.holder.operation,
        plan_hash=PlanHash().text(),
        run=None,
        repeated=False,
        target=request.target,
        location=reader.location,
        counts=Counts(),
        outcomes=lambda: iter(()),
        findings=with_stateless((), reader.lineage, reader.location),
    )


def _swept(application: Application, reader: StateReader, now: datetime) -> Swept:
    failed, only_locked = _not_ended(application)
    heads: list[StoredHead] = []
    overdue: tuple[int, datetime | None] | None = None
    try:
        heads.extend(reader.heads())
    except StoreError:
        pass  # what was ended is ended, whatever can be said of the rest
    else:
        waiting = due(heads, now)
        overdue = (len(waiting), waiting[0][0] if waiting else None)
    next_end = min((head.next_end for head in heads if head.next_end is not None and head.next_end > now), default=None)
    return Swept(application=application, at=now, failed=failed, only_locked=only_locked, overdue=overdue, next_end=next_end)


def _not_ended(application: Application) -> tuple[int, bool]:
    """Return how many ends are left, and whether all that is left is behind locks."""
    left = [_organization_of(outcome.address) for outcome in application.outcomes() if outcome.status is not Status.DONE]
    told = {_organization_of(outcome.address) for outcome in application.outcomes()}
    silent = [failure for failure in application.failures if failure.address is None or _organization_of(failure.address) not in told]
    locked = {_organization_of(failure.address) for failure in application.failures if failure.address and failure.rule == LockedError.rule}
    return len(left) + len(silent), locked.issuperset(left) and all(failure.rule == LockedError.rule for failure in silent)


def _organization_of(address: str) -> str:
    return address.partition("/")[0]
