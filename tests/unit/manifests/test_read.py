import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reconciler.manifests import Manifests, read, survey
from reconciler.model.documents import digest_of, organization_document
from reconciler.model.errors import ManifestError
from reconciler.model.findings import Finding, Position, Range, Severity

ACME = """\
apiVersion: reconciler/v1
kind: Organization
metadata:
  name: acme
  labels: {tier: gold}
spec:
  type: customer
  managedBy: north
  sites:
    acme.webex.com: {managedIn: control-hub}
  administrators:
    - email: Alice@acme.example
      roles: [full-administrator]
    - email: bob@acme.example
      roles:
        - support-administrator
        - device-administrator
"""
NORTH = "apiVersion: reconciler/v1\nkind: Organization\nmetadata: {name: north}\nspec: {type: partner}\n"
GRANT = """\
apiVersion: reconciler/v1
kind: ElevationGrant
metadata: {name: inc-1}
spec:
  organization: acme
  agent: {email: tac@cisco.example, type: cisco-tac}
  reason: broken
  requestedAt: "2026-11-20T09:00:00Z"
"""


Reader = Callable[..., Manifests]


@pytest.fixture
def read_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Give a function that writes the files, reads them, and has the result closed at the end of the test."""
    monkeypatch.chdir(tmp_path)
    Path("orgs").mkdir()
    with ExitStack() as stack:

        def read_them(*paths: str, **texts: str) -> Manifests:
            for name, text in texts.items():
                Path(f"orgs/{name}.yaml").write_text(text, encoding="utf-8")
            return stack.enter_context(read(survey(paths or ["orgs"])))

        yield read_them


def seen(manifests: Manifests) -> list[tuple[str, str | None, str | None, str, int, int]]:
    return [
        (finding.rule, finding.address, finding.pointer, finding.range.filename, finding.range.start.line, finding.range.start.column)
        for finding in manifests.findings
        if finding.range is not None
    ]


def test_a_fleet_is_read_with_its_names_facts_and_counts(read_texts: Reader) -> None:
    fleet = read_texts(a=ACME, b=NORTH + "---\n" + GRANT)
    assert fleet.findings == ()
    assert (fleet.names, fleet.organizations, fleet.grants, len(fleet.files), fleet.broken) == (("acme", "north"), 2, 1, 2, frozenset())
    assert (fleet.facts["acme"].managed_by, fleet.facts["acme"].sites, dict(fleet.facts["acme"].labels)) == (
        "north",
        ("acme.webex.com",),
        {"tier": "gold"},
    )
    acme = fleet.load("acme")
    assert acme.administrators is not None
    assert (sorted(acme.administrators), sorted(acme.grants)) == (["alice@acme.example", "bob@acme.example"], ["inc-1"])


def test_an_organization_of_which_only_grants_are_given_has_no_settings(read_texts: Reader) -> None:
    fleet = read_texts(g=GRANT)
    acme = fleet.load("acme")
    assert (fleet.names, acme.settings, acme.administrators, sorted(acme.grants), dict(fleet.facts)) == (
        ("acme",),
        None,
        None,
        ["inc-1"],
        {},
    )


def test_a_digest_is_the_one_of_the_declared_document(read_texts: Reader) -> None:
    fleet = read_texts(a=ACME, b=NORTH, g=GRANT)
    for name in fleet.names:
        assert fleet.digest(name) == digest_of(organization_document(fleet.load(name)))


def test_all_errors_of_all_files_come_back_together_with_place_and_address(read_texts: Reader) -> None:
    broken = ACME.replace("    - email: bob", "    - emial: bob").replace("type: customer", "type: costumer")
    fleet = read_texts(a=broken, b=NORTH + "---\na: [\n---\n" + GRANT.replace("cisco-tac", "tac").replace("09:00", "9:00"))
    assert seen(fleet) == [
        ("schema-enum", "acme/organization", "/spec/type", "orgs/a.yaml", 7, 9),
        ("schema-required", "acme/organization", "/spec/administrators/1", "orgs/a.yaml", 14, 7),
        ("schema-unknown-field", "acme/organization", "/spec/administrators/1/emial", "orgs/a.yaml", 14, 7),
        ("yaml-syntax", None, "", "orgs/b.yaml", 7, 1),
        ("schema-enum", "acme/elevation-grant/inc-1", "/spec/agent/type", "orgs/b.yaml", 13, 43),
        ("unreadable-time", "acme/elevation-grant/inc-1", "/spec/requestedAt", "orgs/b.yaml", 15, 16),
    ]


def test_a_null_is_reported_once_and_beside_other_errors(read_texts: Reader) -> None:
    fleet = read_texts(a=ACME.replace("managedBy: north", "managedBy:").replace("[full-administrator]", "[full]"))
    assert [finding[:3] for finding in seen(fleet)] == [
        ("yaml-null", "acme/organization", "/spec/managedBy"),
        ("schema-enum", "acme/administrator/alice@acme.example", "/spec/administrators/0/roles/0"),
    ]


def test_one_name_declared_twice_names_both_places(read_texts: Reader) -> None:
    fleet = read_texts(a=ACME, b="# again\n" + ACME, c=GRANT, d=GRANT)
    assert [(finding.rule, finding.detail, finding.address) for finding in fleet.findings] == [
        ("duplicate-organization", "first at orgs/a.yaml:4:9", "acme/organization"),
        ("duplicate-grant", "first at orgs/c.yaml:3:18", "acme/elevation-grant/inc-1"),
    ]
    assert [finding[3:] for finding in seen(fleet)] == [("orgs/b.yaml", 5, 9), ("orgs/d.yaml", 3, 18)]


def test_one_person_listed_twice_names_both_lines(read_texts: Reader) -> None:
    fleet = read_texts(a=ACME.replace("bob@", "ALICE@"))
    (finding,) = fleet.findings
    assert (finding.rule, finding.address) == ("duplicate-administrator", "acme/administrator/alice@acme.example")
    assert finding.detail.startswith("first at orgs/a.yaml:12:14;")


def test_what_is_broken_is_named_and_never_loaded(read_texts: Reader) -> None:
    fleet = read_texts(a=ACME.replace("customer", "costumer"), b=NORTH)
    assert (fleet.names, fleet.broken, list(fleet.facts)) == (("acme", "north"), frozenset({"acme"}), ["north"])
    for use in (fleet.load, fleet.digest):
        with pytest.raises(ManifestError, match="acme"):
            use("acme")
        with pytest.raises(KeyError):
            use("nobody")


def test_a_warning_breaks_nothing(read_texts: Reader) -> None:
    fleet = read_texts(a=ACME.replace("type: customer", 'type: customer\n  displayName: "A\\u202Ecme"'))
    assert [(finding.rule, finding.severity) for finding in fleet.findings] == [("invisible-characters", Severity.WARNING)]
    assert fleet.load("acme").name == "acme"


def test_findings_of_others_get_their_place(read_texts: Reader) -> None:
    fleet = read_texts(a=ACME, g="# first\n---\n" + GRANT)

    def finding(address: str | None, *path: str | int) -> Finding:
        return Finding(rule="some-rule", severity=Severity.ERROR, message="m", address=address, path=path)

    given = [
        finding("acme/elevation-grant/inc-1", "spec", "agent", "email"),
        finding("acme/administrator/bob@acme.example", "spec", "administrators", "BOB@acme.example", "roles", "device-administrator"),
        finding("acme/administrator/alice@acme.example"),
        finding("acme/organization", "spec", "sites", "acme.webex.com", "gone"),
        finding("elsewhere/organization"),
        finding(None),
    ]
    located = fleet.locate(given)
    assert [
        (found.pointer, found.range and (found.range.filename, found.range.start.line, found.range.start.column)) for found in located
    ] == [
        ("/spec/agent/email", ("orgs/g.yaml", 8, 18)),
        ("/spec/administrators/1/roles/1", ("orgs/a.yaml", 17, 11)),
        ("/spec/administrators/0", ("orgs/a.yaml", 12, 7)),
        ("/spec/sites/acme.webex.com", ("orgs/a.yaml", 10, 21)),
        (None, None),
        (None, None),
    ]
    assert [found.path for found in located] == [found.path for found in given]


def test_ranges_of_resources_fall_back_to_where_they_would_stand(read_texts: Reader) -> None:
    fleet = read_texts(a=ACME)
    ranges = fleet.ranges("acme", ["acme/organization", "acme/administrator/gone@acme.example", "acme/elevation-grant/gone"])
    assert ranges == {
        "acme/organization": Range(filename="orgs/a.yaml", start=Position(line=4, column=9), end=Position(line=4, column=13)),
        "acme/administrator/gone@acme.example": Range(
            filename="orgs/a.yaml", start=Position(line=12, column=5), end=Position(line=17, column=31)
        ),
    }


def test_a_file_that_changed_meanwhile_stops_the_run(read_texts: Reader) -> None:
    fleet = read_texts(a=ACME)
    Path("orgs/a.yaml").write_text(NORTH, encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        fleet.ranges("acme", ["acme/organization"])
    assert caught.value.rule == "file-changed"


def test_the_collector_rests_while_reading_and_is_put_back(read_texts: Reader) -> None:
    assert gc.isenabled()
    read_texts(a=ACME)
    assert gc.isenabled()
    gc.disable()
    try:
        read_texts(a=ACME)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_order_of_paths_changes_nothing(read_texts: Reader) -> None:
    read_texts(a=ACME, b=ACME, c=GRANT)
    one, other = read_texts("orgs/a.yaml", "orgs/b.yaml", "orgs/c.yaml"), read_texts("orgs/c.yaml", "orgs/b.yaml", "orgs/a.yaml")
    assert (one.findings, one.names, one.files) == (other.findings, other.names, other.files)


def test_a_closed_fleet_gives_its_space_back(read_texts: Reader) -> None:
    with read_texts(a=ACME) as fleet:
        assert fleet.load("acme").name == "acme"
    with pytest.raises(ValueError, match="closed"):
        fleet.load("acme")
    fleet.close()
