"""Documents against their schemas: what is valid is accepted quickly, and only what is not is looked at again by `refusals`.

The only place that knows jsonschema-rs. It says no more than yes or no here: what to say of a document that it refuses, or cannot take, is
for jsonschema. A property test holds the two together. Nothing is ever fetched: the engine is offline.
"""

from functools import cache
from typing import Any

import jsonschema_rs

from reconciler.manifests.schemas import SCHEMA_OF_KIND, schema_text
from reconciler.model.findings import Finding, Severity


def check(document: Any) -> list[Finding]:
    """Return everything in *document* that its schema refuses, each with `path`; empty when it is valid.

    The document is what `parse` gives: text, integers, booleans, None, lists and dicts with text keys, of bounded depth.
    """
    kind = document.get("kind") if isinstance(document, dict) else None
    if isinstance(kind, str) and kind in SCHEMA_OF_KIND:
        return check_as(SCHEMA_OF_KIND[kind], document)
    from reconciler.manifests import refusals  # noqa: PLC0415 jsonschema is loaded only when there is something to explain

    return list(refusals.explain_header(document))


def check_as(name: str, document: Any) -> list[Finding]:
    """Return everything in *document* that the schema *name* refuses, as `check` does."""
    accepted = accepts(name, document)
    if accepted:
        return []
    from reconciler.manifests import refusals  # noqa: PLC0415 as in `check`

    findings = refusals.explain(name, document)
    if not findings and accepted is False:  # the engines disagree: nobody knows why it is refused, but refused it is
        detail = "its schema refuses it, and cannot say why"
        return [Finding(rule="schema-value", severity=Severity.ERROR, message="the document is not accepted", detail=detail, path=())]
    return findings


def accepts(name: str, document: Any) -> bool | None:
    """Tell whether the fast engine accepts *document*; None when it cannot take it at all."""
    try:
        return _engine(name).is_valid(document)
    except Exception:  # noqa: BLE001 whatever it is that the engine cannot hold, jsonschema decides
        return None


@cache
def _engine(name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft7Validator(schema_text(name), validate_formats=False, offline=True)
