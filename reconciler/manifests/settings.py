"""`reconciler.yaml`: the same strict reading as for manifests, one document, checked against its own schema."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.manifests import schema
from reconciler.manifests.explain import explain
from reconciler.manifests.files import Source
from reconciler.manifests.locate import place
from reconciler.manifests.marks import Marks
from reconciler.manifests.streams import Chunk, split
from reconciler.model.errors import ManifestError
from reconciler.model.findings import Finding, Severity

SCHEMA = "configuration.v1"

Judge = Callable[[Mapping[str, Any]], Iterable[Finding]]
"""What is wrong with settings beyond their schema; each finding has its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """What was read.

    Attributes:
        document: as the schema and the judge say only when there is no finding; empty for an empty file.
        findings: everything that is wrong.
        marks: where each setting stands.
    """

    marks: Marks
    document: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def read_settings_file(path: str, judge: Judge) -> SettingsFile:
    """Return the settings in the file *path*, and everything that is wrong with them; *judge* is asked when the schema is content."""
    nowhere = Marks(filename=path)
    try:
        # A link is fine here: this one file was named, or stands where it is looked for.
        content = Source(name=path, path=os.path.realpath(path)).read()
    except ManifestError as error:
        return SettingsFile(marks=nowhere, findings=error.findings)
    pieces = list(split(content.data, path))
    refusals = tuple(piece for piece in pieces if isinstance(piece, Finding))
    chunks = [piece for piece in pieces if isinstance(piece, Chunk)]
    if refusals or not chunks:
        return SettingsFile(marks=nowhere, findings=refusals)
    if len(chunks) > 1:
        message = f"{path} holds {len(chunks)} documents; settings are one"
        several = Finding(rule="schema-type", severity=Severity.ERROR, message=message, range=chunks[1].place(0))
        return SettingsFile(marks=nowhere, findings=(several,))
    return _settings(chunks[0], judge)


def _settings(chunk: Chunk, judge: Judge) -> SettingsFile:
    explained = explain(chunk)
    marks = explained.marks
    if explained.findings or not explained.usable:
        return SettingsFile(marks=marks, findings=explained.findings)
    problems = schema.check_as(SCHEMA, explained.value) or judge(explained.value)
    return SettingsFile(
        marks=marks, document=explained.value, findings=tuple(place(problem, explained.value, marks) for problem in problems)
    )
