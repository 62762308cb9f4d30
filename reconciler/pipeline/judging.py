"""What the rules say about a change: the transition between the stored organization and the next, and who answers for it."""

from collections.abc import Sequence
from datetime import datetime

from reconciler.manifests import judge_values
from reconciler.model.documents import read_administrator
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import address_key, administrator_address
from reconciler.model.protocols import StateReader
from reconciler.model.resources import Organization
from reconciler.pipeline.checking import durations_of
from reconciler.pipeline.request import Request
from reconciler.planning.renames import records
from reconciler.rules import ACTOR_RULES, Context, Transition, Verdict, actor_in, check, check_transition, listing

ACTOR_UNCHECKED = "actor-unchecked"
REQUIRED_ACTOR = "required-actor"


class Judge:
    """Asks the rules about changes, organization by organization, and keeps the names of those where nobody could be asked."""

    def __init__(self, request: Request, reader: StateReader, context: Context) -> None:
        self._request = request
        self._reader = reader
        self._context = context
        self._partners: dict[str, Organization | None] = {}
        self._unrecorded: list[str] = []
        self._judged = False

    def verdict(self, before: Organization | None, after: Organization, now: datetime) -> Verdict:
        """Return what the rules say about the way from *before*, as stored, to *after*."""
        transition = Transition.between(before, after, now, roles_once_held=lambda person: self._roles_once_held(after, person))
        actor = None
        if self._request.actor is not None:
            partner = self._partner(before)
            actor = actor_in(self._request.actor, before, partner=partner, now=now, catalog=self._request.catalog)
            if actor is None:
                self._unrecorded.append(after.name)
        self._judged = True
        return check_transition(transition, actor, self._context, self._request.policy)

    def errors(self, organization: Organization) -> Sequence[Finding]:
        """Return what schemas and rules refuse of what would be recorded, however it came to that: a forged plan gains nothing."""
        found = [*judge_values(organization, durations_of(self._request)), *check(organization, self._context, self._request.policy)]
        return [finding for finding in found if finding.severity is Severity.ERROR]

    def _partner(self, organization: Organization | None) -> Organization | None:
        """The managing partner as stored: a plan does not give its actor the rights that it needs."""
        name = organization.settings.managed_by if organization is not None and organization.settings is not None else None
        if name is None:
            return None
        if name not in self._partners:
            self._partners[name] = self._reader.read(name).organization
        return self._partners[name]

    def _roles_once_held(self, organization: Organization, person: str) -> frozenset[str]:
        """The journal is read for the rare change that depends on it, backwards: the person may have had another address before."""
        held: set[str] = set()
        key = organization.renamed.get(person, person)
        for record in reversed(list(records(self._reader, organization.name))):
            if record.address is None or record.after is None:
                continue
            if address_key(record.address) == administrator_address(organization.name, key):
                held |= read_administrator(record.after).roles
                key = key if record.before is None else read_administrator(record.before).key
        return frozenset(held)

    def unchecked(self) -> list[Finding]:
        """Return one finding when rules about the actor were not asked: nobody was named, or nobody is on record who could be asked."""
        if not self._judged:
            return []
        if self._request.actor is None:
            message = "who may make these changes was not checked: no actor was named"
            hint = "--actor EMAIL names who answers for the change"
        elif self._unrecorded:
            names = listing(self._unrecorded, most=5)
            message = f"whether {self._request.actor} may make these changes was not checked: nobody is on record yet in {names}"
            hint = None
        else:
            return []
        rules = ", ".join(rule.id for rule in ACTOR_RULES)
        return [Finding(rule=ACTOR_UNCHECKED, severity=Severity.INFO, message=message, detail=f"not checked: {rules}", hint=hint)]


def required_actor(request: Request, *, changes: bool) -> list[Finding]:
    """Return a refusal when the policy demands an actor for *changes* and none was named; ends that come by themselves never wait."""
    if not (changes and request.policy.required_actor and request.actor is None):
        return []
    return [
        Finding(
            rule=REQUIRED_ACTOR,
            severity=Severity.ERROR,
            message="nobody answers for these changes: no actor was named",
            detail="policy.requiredActor is true in reconciler.yaml; ends that come by themselves do not wait for it",
            hint="--actor EMAIL, or RECONCILER_ACTOR, names who answers for them",
        )
    ]
