"""What a branch changes: the manifests at its base, of which only that is read which is not as it is now."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.manifests import Manifests, Survey, Unread, read
from reconciler.model.changes import Change
from reconciler.model.errors import ManifestError
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import ADMINISTRATOR, ORGANIZATION, organization_address
from reconciler.model.resources import Organization
from reconciler.model.results import Base
from reconciler.pipeline.checking import durations_of
from reconciler.pipeline.remembering import Held
from reconciler.pipeline.request import Request
from reconciler.planning.attribution import divide

if TYPE_CHECKING:
    from reconciler.manifests.base import BaseSurvey

NEEDS_EARLIER = "needs-earlier-changes"


def find_base(request: Request, present: Survey) -> "AbstractContextManager[BaseSurvey | None]":
    """Find the manifests of the base, if one is named; they can be read until the end of the context.

    Raises:
        UsageError: there is no such base.
    """
    if request.base is None:
        return nullcontext()
    from reconciler.manifests.base import survey_base  # noqa: PLC0415 - most runs have no base, and no need to start programs

    return survey_base(request.base, request.paths, present)


@contextmanager
def attribute(
    request: Request, found: "BaseSurvey | None", manifests: Manifests, held: Held, now: datetime
) -> Iterator["Attribution | None"]:
    """Give what tells the changes of the branch from all others; None without a base.

    Args:
        request: names the base.
        found: the manifests of the base.
        manifests: of the present.
        held: which of those were not read.
        now: what has ended by then is declared on neither side.
    """
    if found is None or request.base is None:
        yield None
        return
    unread = Unread(files=_as_they_are(found.survey, manifests, held))
    with read(found.survey, durations=durations_of(request), unread=unread) as then:
        yield Attribution(base=Base(given=request.base, commit=found.commit), then=then, now=now)


def _as_they_are(then: Survey, manifests: Manifests, held: Held) -> dict[str, tuple[int, ...]]:
    """Return, by organization, the files of the base that speak of it and are as they are now, by their positions there."""
    positions = {(file.name, file.sha256): position for position, file in enumerate(then.files)}
    files = {}
    for name in manifests.names:
        now = [manifests.files[position] for position in held.files[name]] if name in held.verdicts else manifests.sources(name)
        same = tuple(positions[file.name, file.sha256] for file in now if (file.name, file.sha256) in positions)
        if same:
            files[name] = same
    return files


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Tells the changes of a branch from all others.

    Attributes:
        then: the manifests of the base.
    """

    base: Base
    then: Manifests
    now: datetime

    def divide(self, changes: Iterable[Change], declared: Organization) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
        """Return the changes that the branch causes, and all others.

        What cannot be read at the base was never to be applied: everything about it comes with the branch.
        """
        try:
            base = self.then.load(declared.name) if declared.name in self.then.names else None
        except ManifestError:
            base = None
        return divide(changes, base, declared, self.now)

    def findings(self, declared: Iterable[str], stored: Iterable[str]) -> Iterator[Finding]:
        """Yield what is to be said of the base: what is not known of it, and what it declared that nobody does now.

        Args:
            declared: what nobody misses: all organizations that are declared now, or are to be pruned.
            stored: those that would be missed.
        """
        broken = [finding for finding in self.then.findings if finding.severity is Severity.ERROR]
        if broken:
            first = broken[0]
            # Without its place as such: files have other lines now.
            where = f"{first.range.filename}:{first.range.start.line}: " if first.range else ""
            yield Finding(
                rule="base-invalid",
                severity=Severity.WARNING,
                message=f"manifests at {self.base.given} are invalid, first {where}{first.message}",
                detail="what they declared there is not known; whatever is to change in their organizations counts as changed since then",
            )
        elif not self.then.names:
            yield Finding(
                rule="base-empty",
                severity=Severity.WARNING,
                message=f"there are no manifests at {self.base.given}: everything counts as changed since then",
                detail="they are looked for in the same place as in the working directory, so a directory is the one around that place",
            )
        for name in sorted({*self.then.names}.intersection(stored).difference(declared)):
            yield Finding(
                rule="organization-not-declared",
                severity=Severity.INFO,
                message=f"{name} was declared at {self.base.given} and no longer is: it is left as it is stored",
                hint=f"--prune {name}, to stop managing it",
                address=organization_address(name),
            )

    def refusal(self, name: str, reason: str) -> Finding:
        """Return why what the branch changes in one organization cannot be applied alone."""
        return Finding(
            rule=NEEDS_EARLIER,
            severity=Severity.ERROR,
            message=f"what changed in {name} since {self.base.given} cannot be applied by itself: {reason}",
            detail="it builds on what was declared before and is not applied; a plan with --base leaves that out",
            hint="apply what was declared before first, or plan and apply without --base",
            address=organization_address(name),
        )


def unrecorded(stored: Organization | None, left: Iterable[Change]) -> str | None:
    """Return what *left* would have to record before anything else of an organization can be recorded; None when that is nothing."""
    types = {change.type for change in left if not change.expires}
    if (stored is None or stored.settings is None) and ORGANIZATION in types:
        return "the organization is not stored yet"
    if (stored is None or stored.administrators is None) and ADMINISTRATOR in types:
        return "its administrators are not recorded yet"
    return None
