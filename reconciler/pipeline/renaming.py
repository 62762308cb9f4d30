"""Which organizations a run renames: those that are stored under the former name that they declare."""

from collections.abc import Iterable

from reconciler.manifests import Manifests
from reconciler.model.findings import Finding, Severity
from reconciler.model.identifiers import organization_address
from reconciler.model.protocols import StateReader

FORMER_NAME_REFERRED_TO = "former-name-referred-to"


def renames_in(manifests: Manifests, names: Iterable[str], reader: StateReader) -> tuple[dict[str, str], list[Finding]]:
    """Return the former name of each of the organizations *names* that is still to be renamed, and those that cannot be.

    Where nothing is stored under the former name, the rename was made, or never was one. What contradicts itself among the manifests is
    for the rules to say, and is no rename.
    """
    former: dict[str, str] = {}
    findings: list[Finding] = []
    for name in names:
        facts = manifests.facts.get(name)
        was = None if facts is None else facts.former_name
        if was is None or was in manifests.names or was in former.values():
            continue
        stored = reader.read(was).organization
        if stored is None or stored.settings is None:
            continue
        if reader.read(name).organization is None:
            former[name] = was
        else:
            findings.append(_merge(name, was))
    return former, findings


def _merge(name: str, was: str) -> Finding:
    return Finding(
        rule="rename-into-another",
        severity=Severity.ERROR,
        message=f"{was} cannot become {name}: under both names something is stored",
        detail="a rename keeps the history of one organization; of two it would make one, and what either was could not be told any more. "
        "Of a forgotten organization the grants stay stored, because their names are used once",
        hint="leave formerName out, or take another name",
        address=organization_address(name),
        path=("metadata", "formerName"),
    )
