"""A former name belongs to what is declared of a resource: whoever adds it causes the rename."""

from dataclasses import replace

from reconciler.planning.attribution import divide
from reconciler.planning.plan import plan_organization
from reconciler.planning.renames import stored_under
from reconciler.planning.scope import resolve
from tests.fakes.builders import ALICE, BOB, CATALOG, HOUR, LINEAGE, NOBODY_MINDS, NOW, a_plan, a_store, an_organization

ROBERT = replace(BOB, email="robert@acme.example")
DECLARED = replace(an_organization(ALICE, ROBERT), renamed={ROBERT.key: BOB.key})


def test_a_new_address_is_caused_by_whoever_declares_it_or_says_who_that_was() -> None:
    (change,) = a_plan(DECLARED, an_organization(ALICE, BOB)).changes
    for base in (an_organization(ALICE, BOB), an_organization(ALICE, ROBERT)):
        assert divide([change], base, DECLARED, NOW) == ((change,), ())
    assert divide([change], DECLARED, DECLARED, NOW) == ((), (change,))


def test_so_is_a_new_name_of_an_organization() -> None:
    former = {"omega": "acme"}
    stored, declared = stored_under(a_store(an_organization(ALICE)), "omega", former), an_organization(ALICE, name="omega")
    named = replace(declared, former_name="acme")
    after = replace(resolve(named, stored.organization, NOW, request_lifetime=HOUR)[0], former_name="acme")
    made = plan_organization("omega", stored, after, lineage=LINEAGE, now=NOW, catalog=CATALOG, acknowledged=NOBODY_MINDS)
    for base in (None, declared):
        assert divide(made.changes, base, named, NOW) == (made.changes, ())
    assert divide(made.changes, named, named, NOW) == ((), made.changes)
