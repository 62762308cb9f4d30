"""The hash of an entry is that of its columns as canonical JSON, however it is put together."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.model.changes import Action, Reason
from reconciler.model.journal import GENESIS, EntryKind, Record, RecordTexts, entry_hash, texts_of

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
PLAIN = Record(run="r1", at=NOW, kind=EntryKind.LOCK, operation="lock", operator="root@ci", version="1.0")
FULL = replace(
    PLAIN,
    at=NOW.replace(microsecond=250),
    kind=EntryKind.CHANGE,
    actor="älice@acme.example",
    address="acme/administrator/bob@acme.example",
    action=Action.UPDATE,
    reason=Reason.DECLARED,
    before={"roles": ["b", "a"], "email": "bob@acme.example", "home": {"type": None}},
    after={"name": 'Bob "☃"\n\x7f\u2028', "empty": {}, "number": 7, "yes": True},
    detail='ended "late" \\ \x00 \U0001f600',
    plan_hash="sha256:" + "a" * 64,
)


def by_definition(record: Record, **columns: Any) -> str:
    said = {
        "run": record.run,
        "at": "2026-11-20T09:00:00.00025Z" if record.at.microsecond else "2026-11-20T09:00:00Z",
        "kind": record.kind.value,
        "operation": record.operation,
        "operator": record.operator,
        "version": record.version,
        "actor": record.actor,
        "address": record.address,
        "actions": None if record.action is None else [record.action.value],
        "reason": None if record.reason is None else record.reason.value,
        "before": record.before,
        "after": record.after,
        "detail": record.detail,
        "plan_hash": record.plan_hash,
    }
    return hashlib.sha256(json.dumps(said | columns, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@pytest.mark.parametrize("record", [PLAIN, FULL, replace(FULL, before=None), replace(FULL, after=None), replace(FULL, after={})])
@pytest.mark.parametrize("digest", [None, "sha256:" + "b" * 64])
def test_the_hash_is_that_of_the_columns_as_canonical_json(record: Record, digest: str | None) -> None:
    columns: dict[str, Any] = {"organization": "acmé", "seq": 12, "serial": 3, "digest": digest, "previous": GENESIS}
    assert entry_hash(record=record, **columns) == by_definition(record, **columns)
    assert entry_hash(record=record, texts=texts_of(record), **columns) == by_definition(record, **columns)


def test_what_damage_put_in_place_of_text_is_hashed_as_what_it_is() -> None:
    damaged = replace(PLAIN, run=7)  # type: ignore[arg-type]  # SQLite keeps anything in any column
    columns: dict[str, Any] = {"organization": "acme", "seq": 1, "serial": 0, "digest": None, "previous": GENESIS}
    assert entry_hash(record=damaged, **columns) == by_definition(damaged, **columns) != entry_hash(record=PLAIN, **columns)


def test_the_texts_of_a_record_are_what_its_row_holds() -> None:
    assert texts_of(PLAIN) == RecordTexts(at="2026-11-20T09:00:00Z", before=None, after=None)
    assert texts_of(FULL).before == '{"email":"bob@acme.example","home":{"type":null},"roles":["b","a"]}'
