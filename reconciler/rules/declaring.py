"""What a manifest has to keep before it can be read as an organization. These rules see a value where it stands, not a person."""

from collections.abc import Iterator

from reconciler.catalog import Catalog
from reconciler.model.findings import Path
from reconciler.rules.base import Violation


def derived_role(role: str, email: str, path: Path, catalog: Catalog) -> Iterator[Violation]:
    """A role that nobody assigns is never declared: provisioning administrator arises by itself, an elevation is granted.

    Source: 2y8qmt (stated, R097) for provisioning-administrator, nbhqds0 (stated) for temporary-full-administrator.
    Why: a manifest can neither give such a role nor keep it, and what is said of access would be wrong.
    """
    facts = catalog.roles.get(role)
    if facts is None or facts.declared is not None:
        return
    if facts.form == "elevation":
        detail = "it is what an approved ElevationGrant gives, while the grant runs"
        hint = f"remove it, and write an ElevationGrant for {email}"
    else:
        detail = "it arises by itself, where the managing partner sets up services; nobody assigns it, and where it is observed it stays"
        hint = "remove it, and the whole entry where no other role is left"
    yield Violation(message=f"{email} is given {role}, which is never declared", detail=detail, hint=hint, path=path)
