"""`reconciler.yaml`: the same strict reading as for manifests, one document, checked against its own schema."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reconciler.manifests import schema
from reconciler.manifests.explain import explain
from reconciler.manifests.files import Source
from reconciler.manifests.locate import place
from reconciler.manifests.streams import Chunk, split
from reconciler.model.errors import ManifestError
from reconciler.model.findings import Finding, Severity

SCHEMA = "configuration.v1"

Judge = Callable[[Mapping[str, Any]], Iterable[Finding]]
"""What is wrong with settings beyond their schema; each finding has its path."""


def read_settings_file(path: str, judge: Judge) -> tuple[Mapping[str, Any], tuple[Finding, ...]]:
    """Return the settings in the file *path*, and everything that is wrong with them; an empty file has no settings.

    The settings are as the schema and *judge*, which is asked when the schema is content, say only when there is no finding.
    """
    try:
        # A link is fine here: this one file was named, or stands where it is looked for.
        content = Source(name=path, path=os.path.realpath(path)).read()
    except ManifestError as error:
        return {}, error.findings
    pieces = list(split(content.data, path))
    refusals = tuple(piece for piece in pieces if isinstance(piece, Finding))
    chunks = [piece for piece in pieces if isinstance(piece, Chunk)]
    if refusals or not chunks:
        return {}, refusals
    if len(chunks) > 1:
        message = f"{path} holds {len(chunks)} documents; settings are one"
        return {}, (Finding(rule="schema-type", severity=Severity.ERROR, message=message, range=chunks[1].place(0)),)
    return _settings(chunks[0], judge)


def _settings(chunk: Chunk, judge: Judge) -> tuple[Mapping[str, Any], tuple[Finding, ...]]:
    explained = explain(chunk)
    if explained.findings or not explained.usable:
        return {}, explained.findings
    problems = schema.check_as(SCHEMA, explained.value) or judge(explained.value)
    return explained.value, tuple(place(problem, explained.value, explained.marks) for problem in problems)
