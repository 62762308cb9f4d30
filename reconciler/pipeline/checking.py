"""validate: manifests alone, by their schemas and the domain rules."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import datetime

from reconciler.manifests import GrantDurations, Manifests, Survey, claimed_former, claimed_site, former_claim, read, site_claim, survey
from reconciler.model.errors import ManifestError
from reconciler.model.findings import Finding, Severity, in_file_order
from reconciler.model.resources import OrganizationFacts
from reconciler.model.results import Validation
from reconciler.pipeline.judgements import Judges
from reconciler.pipeline.partners import Partners, own_people
from reconciler.pipeline.request import Request
from reconciler.pipeline.waiving import unused_waivers
from reconciler.rules import Context, OnRecord, closest, listing


def validate(request: Request, now: datetime) -> Validation:
    """Return everything that the schemas and the rules find in the manifests; no state is looked at.

    With `--org` or `-l`, what is wrong elsewhere is reported and does not make the answer invalid.
    """
    with read_manifests(request) as manifests:
        context = context_of(manifests, request, manifests.facts, now, Partners(now, manifests))
        judges = Judges(manifests=manifests, policy=request.policy, context=context, elsewhere=context, note=lambda _: None)
        with closing(judges.all(valid_names(manifests))) as judgements:
            watched = request.watch("checking", judgements, len(manifests.names))
            found = [finding for judgement in watched for finding in judgement.findings]
        findings = in_file_order([*manifests.findings, *manifests.locate(found)])
        names: frozenset[str] = frozenset()
        try:
            require_input(manifests, request)
            names = in_scope(manifests, request, manifests.facts)
            findings = in_file_order([*findings, *unused_waivers(request, found, with_manifest(manifests, names), now)])
        except ManifestError as error:
            findings = [*error.findings, *findings]
        return Validation(
            findings=tuple(findings),
            valid=not any(finding.severity is Severity.ERROR and concerns(finding, names) for finding in findings),
            files=len(manifests.files),
            organizations=manifests.organizations,
            grants=manifests.grants,
        )


def find_manifests(request: Request) -> Survey:
    """Return the manifests that are asked for, not yet read."""
    return survey(request.paths, missing_ok=request.allow_empty)


def read_manifests(request: Request) -> Manifests:
    """Return the manifests that are asked for, all of them read; how long requests and elevations live comes from the catalog."""
    return read(find_manifests(request), durations=durations_of(request), watch=request.watch)


def durations_of(request: Request) -> GrantDurations:
    """Return how long requests and elevations live, as the catalog says."""
    return GrantDurations(request=request.catalog.request_lifetime, access=request.catalog.elevation_lifetime)


def context_of(
    manifests: Manifests,
    request: Request,
    known: Mapping[str, OrganizationFacts],
    now: datetime,
    partners: Partners,
    *,
    on_record: Callable[[str, str, datetime], OnRecord | None] = lambda *_: None,
) -> Context:
    """Return what the rules may know; without *on_record* what is declared counts."""

    def counted(name: str) -> frozenset[str]:
        """What an organization claims at *now*; of a broken one only its sites are sure."""
        if name in manifests.broken:
            return frozenset(map(site_claim, known[name].sites))
        organization = manifests.load(name)
        sites = organization.settings.sites if organization.settings else ()
        former = () if organization.former_name is None else (former_claim(organization.former_name),)
        return own_people(organization, now).union(map(site_claim, sites), former)

    shared = manifests.claims.shared(counted)
    return Context(
        now=now,
        catalog=request.catalog,
        known=known,
        declared=manifests.broken.union(manifests.facts),
        site_owners={site: names for claim, names in shared.items() if (site := claimed_site(claim)) is not None},
        claimants={former: names for claim, names in shared.items() if (former := claimed_former(claim)) is not None},
        internal_to={claim: names for claim, names in shared.items() if claimed_site(claim) is None and claimed_former(claim) is None},
        people_of=partners.people_of,
        administrators_of=partners.administrators_of,
        lists_of=partners.lists_of,
        recorded_partner_of=partners.recorded_partner_of,
        partners=partners.names,
        on_record=on_record,
    )


def valid_names(manifests: Manifests) -> list[str]:
    """Return the names of which everything could be read, sorted."""
    return [name for name in manifests.names if name not in manifests.broken]


def with_manifest(manifests: Manifests, names: frozenset[str]) -> frozenset[str]:
    """Return those of *names* whose own manifest was given and could be read; others may have grants alone."""
    return names.intersection(manifests.facts) - manifests.broken


def require_input(manifests: Manifests, request: Request) -> None:
    """Refuse to take "nothing was given" for "nothing is wanted".

    Raises:
        ManifestError: there is no manifest, and that was not said to be meant.
    """
    empty = manifests.empty_paths or (() if manifests.names or manifests.findings else request.paths)
    if not empty or request.allow_empty:
        return
    raise ManifestError(
        f"no manifests in {', '.join(empty)}",
        detail="a path that matches nothing is an error, so that a typing error does not pass for an empty fleet",
        hint="--allow-empty, if that is meant",
    )


def in_scope(manifests: Manifests, request: Request, known: Mapping[str, OrganizationFacts]) -> frozenset[str]:
    """Return the declared organizations that `--org` and `-l` leave.

    Raises:
        ManifestError: `--org` names an organization that no manifest speaks of, or no organization has the labels of `-l`.
    """
    names = frozenset(manifests.names)
    if not (request.organizations or request.labels):
        return names
    for name in sorted(request.organizations - names):
        candidates = sorted(names)
        detail = f"manifests speak of: {listing(candidates)}"
        raise ManifestError(f"--org {name}: no manifest speaks of this organization", detail=detail, hint=closest(name, candidates))
    left = frozenset(
        name for name in names if (not request.organizations or name in request.organizations) and _is_selected(name, request.labels, known)
    )
    if names and not left and not request.allow_empty:
        wanted = " ".join(f"-l {key}={value}" for key, value in sorted(request.labels.items()))
        raise ManifestError(
            f"{wanted}: no organization has these labels",
            detail="a selector that matches nothing is an error, so that a typing error does not pass for nothing to do",
            hint="--allow-empty, if that is meant",
        )
    return left


def _is_selected(name: str, labels: Mapping[str, str], known: Mapping[str, OrganizationFacts]) -> bool:
    if not labels:
        return True
    facts = known.get(name)
    return facts is not None and all(facts.labels.get(key) == value for key, value in labels.items())


def organization_of(finding: Finding) -> str | None:
    """Return the organization a finding is about, None where that could not be read."""
    return finding.address.partition("/")[0] if finding.address else None


def concerns(finding: Finding, names: Iterable[str]) -> bool:
    """Tell whether a finding is about one of *names*, or about nobody in particular."""
    organization = organization_of(finding)
    return organization is None or organization in names


def stop_on_errors(findings: Iterable[Finding], names: Iterable[str]) -> None:
    """End the run when an error concerns what is in scope.

    Raises:
        ManifestError: with all findings.
    """
    every = tuple(findings)
    if any(finding.severity is Severity.ERROR and concerns(finding, names) for finding in every):
        raise ManifestError("the manifests are invalid", findings=every)
