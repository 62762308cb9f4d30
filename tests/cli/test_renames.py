"""Renames by real processes: one update, a history that can be followed, and what cannot be renamed."""

import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.running import MANIFESTS, TWO, Done, Place

NORTHWIND = ("p.one@nw.example", "p.two@nw.example")


def people(place: Place, *lines: str, name: str = "acme", metadata: str = "", spec: str = "type: customer") -> Path:
    """Declare an organization with these entries of people, in flow style without the braces."""
    listed = "".join(f"    - {{{line}}}\n" for line in lines)
    head = f"apiVersion: reconciler/v1\nkind: Organization\nmetadata: {{name: {name}{metadata}}}\n"
    return place.write(f"{MANIFESTS}/{name}.yaml", f"{head}spec:\n  {spec}\n  administrators:\n{listed}")


def full(email: str, more: str = "") -> str:
    return f"email: {email}, roles: [full-administrator]{more}"


def changes(done: Done) -> list[tuple[str, list[str]]]:
    return [(change["address"], change["change"]["actions"]) for change in done.document["resource_changes"]]


def partner(place: Place, name: str, former: str | None = None) -> None:
    """Declare a partner organization and its customer `acme`, with one person of the partner in it."""
    metadata = "" if former is None else f", formerName: {former}"
    people(place, *map(full, NORTHWIND), name=name, metadata=metadata, spec="type: partner")
    if former is not None:
        (place.folder / MANIFESTS / f"{former}.yaml").unlink()
    outsider = full(NORTHWIND[0], f", home: {{organization: {name}}}")
    people(place, *map(full, TWO), outsider, spec=f"type: customer\n  managedBy: {name}")


# People


def test_a_new_address_is_one_update_that_keeps_who_that_is(place: Place) -> None:
    people(place, full("a@x.example"), full("b@x.example", ", protect: true"))
    first = place.apply()["run"]
    people(place, full("a@x.example"), full("c@x.example", ", protect: true, formerEmail: B@x.example"))
    planned = place.json("plan", MANIFESTS, "--out", "plan.json")
    assert (planned.code, changes(planned)) == (0, [("acme/administrator/c@x.example", ["update"])])
    (change,) = planned.document["resource_changes"]
    assert change["fields"] == [{"path": "email", "before": "b@x.example", "after": "c@x.example"}]
    assert (change["since"]["run"], change["risk"]) == (first, "high")
    assert planned.document["access_changes"] == []
    assert "        email: b@x.example -> c@x.example\n" in place.ok("plan", MANIFESTS)
    assert place.run("apply", "plan.json").code == 0
    assert place.run("plan", MANIFESTS, "--detailed-exitcode").code == 0
    assert place.run("drift", MANIFESTS).code == 0
    assert [it["email"] for it in place.json("show", "acme").document["administrators"]] == ["a@x.example", "c@x.example"]
    assert "~ administrator    c@x.example\n         email: b@x.example -> c@x.example\n" in place.ok("history", "acme")
    assert place.run("verify").code == 0


def test_many_new_addresses_are_no_removals(place: Place) -> None:
    crowd = [f"p{number}@x.example" for number in range(20)]
    people(place, *map(full, crowd))
    place.apply()
    people(place, *(full(f"new-{email}", f", formerEmail: {email}") for email in crowd))
    planned = place.json("plan", MANIFESTS)
    assert (planned.code, planned.document["summary"]["update"], planned.document["refusals"]) == (0, 20, [])


def test_a_person_does_not_become_somebody_who_is_stored(place: Place) -> None:
    people(place, full("a@x.example"), full("b@x.example"), full("c@x.example"))
    place.apply()
    people(place, full("a@x.example", ", formerEmail: b@x.example"), full("c@x.example"))
    done = place.run("plan", MANIFESTS)
    assert done.code == 1
    said = "organizations/acme.yaml:7:70: error: b@x.example cannot become a@x.example: both are stored as administrators of acme"
    assert done.failure.startswith(said), done.failure


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([full("b@x.example", ", formerEmail: a@x.example"), full("a@x.example", ", formerEmail: b@x.example")], "is listed itself"),
        ([full("b@x.example", ", formerEmail: z@x.example"), full("a@x.example", ", formerEmail: Z@x.example")], "is claimed twice"),
        ([full("b@x.example", ", formerEmail: B@X.example"), full("a@x.example")], "is the e-mail itself"),
    ],
)
def test_renames_that_contradict_each_other_are_an_invalid_manifest(place: Place, lines: list[str], said: str) -> None:
    people(place, *lines)
    for command in ("validate", "plan"):
        done = place.json(command, MANIFESTS)
        assert done.code == 1
        found = [finding for finding in done.document["diagnostics"] if finding["severity"] == "error"]
        assert {finding["rule_id"] for finding in found} == {"former-email"}
        assert said in found[0]["summary"]


def test_follow_ups_move_with_the_address(place: Place) -> None:
    outsider = ", home: {type: business}"
    people(place, *map(full, TWO), full("eva@else.example", outsider))
    place.apply()
    people(place, *map(full, TWO), full("eve@else.example", f"{outsider}, formerEmail: eva@else.example"))
    place.apply()
    (step,) = place.json("show", "acme").document["follow_ups"]
    assert step["address"] == "acme/administrator/eve@else.example"
    place.ok("attest", "acme/administrator/eve@else.example", "--note", "done")
    assert place.run("verify").code == 0


# Organizations


def test_an_organization_goes_on_under_its_new_name_with_all_that_is_stored(place: Place) -> None:
    partner(place, "northwind")
    first = place.apply()["run"]
    partner(place, "southwind", "northwind")
    planned = place.json("plan", MANIFESTS, "--out", "plan.json")
    assert planned.code == 0
    assert changes(planned) == [
        ("acme/organization", ["update"]),
        (f"acme/administrator/{NORTHWIND[0]}", ["update"]),
        ("southwind/organization", ["update"]),
    ]
    assert planned.document["summary"] == {"create": 0, "update": 3, "delete": 0, "expire": 0, "no_op": 4}
    assert planned.document["prior_state"]["serials"] == {"acme": 1, "northwind": 1, "southwind": 0}
    rename = planned.document["resource_changes"][2]
    assert rename["fields"] == [{"path": "name", "before": "northwind", "after": "southwind"}]
    assert rename["since"]["run"] == first
    assert planned.document["access_changes"] == []
    assert {finding["rule_id"] for finding in planned.document["diagnostics"]} == {"actor-unchecked"}
    assert "southwind (so far northwind, serial 1)\n" in place.ok("plan", MANIFESTS)

    applied = place.json("apply", "plan.json")
    assert applied.code == 0
    assert [outcome["status"] for outcome in applied.document["outcomes"]] == ["done"] * 3
    assert place.json("apply", "plan.json").document["repeated"]
    for command in (["plan", MANIFESTS, "--detailed-exitcode"], ["drift", MANIFESTS], ["verify"]):
        assert place.run(*command).code == 0, command
    assert [it["name"] for it in place.json("show").document["organizations"]] == ["acme", "southwind"]
    assert place.run("show", "northwind").code == 1
    assert place.json("access", "acme", NORTHWIND[0]).document["roles"] == ["full-administrator"]


def rename(place: Place, *names: str) -> None:
    """Give an organization one name after the other, each in a run of its own; it has the first of *names*."""
    for former, name in pairwise(names):
        (place.folder / MANIFESTS / f"{former}.yaml").unlink()
        people(place, *map(full, TWO), name=name, metadata=f", formerName: {former}")
        place.apply()


def test_the_history_of_an_organization_leads_through_its_former_names(place: Place) -> None:
    people(place, *map(full, TWO), name="one")
    first = place.apply()["run"]
    rename(place, "one", "two", "three")
    entries = place.json("history", "three").document["entries"]
    assert [(entry["organization"], entry["seq"]) for entry in entries] == [
        ("one", 1),
        ("one", 2),
        ("one", 3),
        ("one", 4),
        ("two", 1),
        ("two", 2),
        ("three", 1),
    ]
    assert [entry["detail"].partition(", hash")[0] for entry in entries[3:]] == [
        "goes on as two",
        "goes on from one, entry 3",
        "goes on as three",
        "goes on from two, entry 1",
    ]
    assert entries[2]["hash"] in entries[4]["detail"]
    path = people(place, *map(full, TWO), name="three")
    path.write_text(path.read_text().replace("a.one@x.example,", "a.one@x.example, name: One,"), encoding="utf-8")
    (change,) = place.json("plan", MANIFESTS).document["resource_changes"]
    assert change["since"]["run"] == first
    assert place.run("verify").code == 0


def test_a_name_that_was_given_up_is_free_and_a_rename_back_is_another_rename(place: Place) -> None:
    people(place, *map(full, TWO), name="one")
    place.apply()
    rename(place, "one", "two", "one")
    entries = place.json("history", "one").document["entries"]
    assert [(entry["organization"], entry["seq"]) for entry in entries] == [
        ("one", 1),
        ("one", 2),
        ("one", 3),
        ("one", 4),
        ("two", 1),
        ("two", 2),
        ("one", 5),
    ]
    people(place, *map(full, TWO), name="two")
    assert place.run("plan", MANIFESTS).code == 1
    people(place, *map(full, TWO), name="one")
    place.apply()
    assert [it["serial"] for it in place.json("show").document["organizations"]] == [3, 3]
    assert place.run("verify").code == 0


def test_grants_and_their_history_go_along(place: Place) -> None:
    people(place, *map(full, TWO), name="one")
    place.apply()
    asked = ["--org", "one", "--agent", "tac@cisco.example", "--agent-type", "cisco-tac", "--reason", "broken"]
    grant = place.folder / MANIFESTS / "inc-1.yaml"
    place.ok("grant", "request", str(grant), *asked)
    place.ok("grant", "approve", str(grant), "--by", TWO[0])
    place.apply()
    (place.folder / MANIFESTS / "one.yaml").unlink()
    people(place, *map(full, TWO), name="two", metadata=", formerName: one")
    grant.write_text(grant.read_text().replace("organization: one", "organization: two"), encoding="utf-8")
    planned = place.json("plan", MANIFESTS)
    assert changes(planned) == [("two/organization", ["update"])]
    place.apply()
    (stored,) = place.json("grant", "list").document["grants"]
    assert (stored["organization"], stored["status"]) == ("two", "active")
    assert place.run("plan", MANIFESTS, "--detailed-exitcode").code == 0
    assert place.run("verify").code == 0


def test_whoever_still_refers_to_the_former_name_is_told(place: Place) -> None:
    partner(place, "northwind")
    people(place, *map(full, TWO), name="globex", spec="type: customer\n  managedBy: northwind")
    place.apply()
    done = place.run("plan", MANIFESTS)
    partner(place, "southwind", "northwind")
    done = place.json("plan", MANIFESTS)
    (finding,) = [it for it in done.document["diagnostics"] if it["severity"] == "error"]
    assert (done.code, finding["rule_id"], finding["address"]) == (1, "undeclared-organization", "globex/organization")
    assert finding["summary"] == "globex is managed by northwind, and that organization is renamed to southwind"
    assert finding["hint"] == "southwind"
    (place.folder / MANIFESTS / "globex.yaml").unlink()
    done = place.json("plan", MANIFESTS)
    (finding,) = [it for it in done.document["diagnostics"] if it["rule_id"] == "former-name-referred-to"]
    assert (done.code, finding["severity"]) == (0, "warning")
    assert finding["detail"].startswith("stored: globex; ")


def test_an_organization_does_not_become_one_that_is_stored(place: Place) -> None:
    for name in ("one", "two"):
        people(place, *map(full, TWO), name=name)
    place.apply()
    (place.folder / MANIFESTS / "one.yaml").unlink()
    people(place, *map(full, TWO), name="two", metadata=", formerName: one")
    done = place.run("plan", MANIFESTS)
    assert done.code == 1
    said = "organizations/two.yaml:3:35: error: one cannot become two: under both names something is stored [rename-into-another]"
    assert done.failure.startswith(said)


def test_a_saved_rename_is_stale_once_either_name_has_moved(place: Place) -> None:
    people(place, *map(full, TWO), name="one")
    place.apply()
    (place.folder / MANIFESTS / "one.yaml").unlink()
    people(place, *map(full, TWO), name="two", metadata=", formerName: one")
    place.run("plan", MANIFESTS, "--out", "plan.json")
    place.run("plan", MANIFESTS, "--out", "other.json")
    (place.folder / MANIFESTS / "two.yaml").unlink()
    people(place, *map(full, TWO), full("c@x.example"), name="one")
    place.apply()
    done = place.run("apply", "plan.json")
    assert (done.code, "one, which it renames to two, had serial 1" in done.failure) == (4, True)
    assert "stale" in place.ok("show", "plan.json")


def test_a_rename_waits_for_the_lock_of_the_former_name(place: Place) -> None:
    people(place, *map(full, TWO), name="one")
    place.apply()
    with sqlite3.connect(place.state) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(locks)")]
        held = {
            "organization": "one",
            "lock": "elsewhere",
            "id": "elsewhere",
            "pid": 1,
            "host": "elsewhere",
            "since": "2026-11-20T12:00:00Z",
        }
        values = [held.get(column, 0 if column == "process_started" else "x") for column in columns]
        connection.execute(f"INSERT INTO locks VALUES ({', '.join('?' * len(columns))})", values)  # noqa: S608 - names of columns
    (place.folder / MANIFESTS / "one.yaml").unlink()
    people(place, *map(full, TWO), name="two", metadata=", formerName: one")
    assert place.run("apply", MANIFESTS, "--auto-approve", "--lock-timeout", "0s").code == 5


def test_a_run_limited_to_others_renames_nothing(place: Place) -> None:
    partner(place, "northwind")
    place.apply()
    partner(place, "southwind", "northwind")
    planned = place.json("plan", MANIFESTS, "--org", "southwind")
    assert changes(planned) == [("southwind/organization", ["update"])]
    assert [it["rule_id"] for it in planned.document["diagnostics"]] == ["former-name-referred-to", "actor-unchecked"]
    held = place.json("plan", MANIFESTS, "--org", "acme")
    assert "northwind" not in held.document["prior_state"]["serials"]


def test_an_organization_that_is_renamed_is_not_pruned(place: Place) -> None:
    people(place, *map(full, TWO), name="one")
    place.apply()
    (place.folder / MANIFESTS / "one.yaml").unlink()
    people(place, *map(full, TWO), name="two", metadata=", formerName: one")
    done = place.run("plan", MANIFESTS, "--prune", "one")
    assert (done.code, "--prune one: this run renames it to two" in done.failure) == (64, True)


def test_a_second_plan_that_remembers_says_the_same_as_one_that_looks_at_everything(place: Place) -> None:
    partner(place, "northwind")
    people(place, *map(full, TWO), name="globex", spec="type: customer\n  managedBy: northwind")
    place.apply()
    place.apply()
    partner(place, "southwind", "northwind")
    for now in ("2026-12-20T12:00:00Z",):
        warm, cold = (place.run("plan", MANIFESTS, "--now", now, *more) for more in ([], ["--recheck"]))
        assert (warm.code, warm.out, warm.err) == (cold.code, cold.out, cold.err)
        assert warm.code == 1
