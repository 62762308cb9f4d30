"""The answer of `validate` as JUnit XML: a test case for each rule that found something in a file.

An error fails, a waived finding is skipped, a file that cannot be read is an error of the run. A warning passes unless warnings fail.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TextIO

from reconciler.model.findings import SEVERITY_ORDER, Finding, Severity
from reconciler.model.instants import format_instant
from reconciler.model.results import Failure, Result, Validation
from reconciler.reports.located import first_sentence
from reconciler.reports.style import Style
from reconciler.reports.visible import visible

UNREADABLE: Final = frozenset({
    "path-missing",
    "file-unreadable",
    "file-changed",
    "symbolic-link",
    "special-file",
    "stream-too-large",
    "yaml-encoding",
    "yaml-syntax",
})
"""Rules that say of a file that it was not read, so that nothing in it was judged."""

_SUITE: Final = "reconciler"
_NO_XML: Final = re.compile("[\ufffe\uffff]")
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What one rule found in one file; `outcome` is the name of an element, empty for a test that passes."""

    findings: tuple[Finding, ...]
    outcome: str


def render(result: Result, out: TextIO, *, exit_code: int, style: Style) -> None:
    """Write one test suite; a run without findings is one test that passes, because an empty suite counts as a failure elsewhere.

    Raises:
        TypeError: *result* has no findings of manifests.
    """
    del exit_code
    if not isinstance(result, Validation | Failure):
        raise TypeError(f"{type(result).__name__} has no form as JUnit")
    titles = {rule.id: first_sentence(rule.summary) for rule in style.rules()} if result.findings else {}
    cases = [_case(group, strict=style.strict) for group in _groups(result.findings)]
    numbers = {outcome: sum(case.outcome == outcome for case in cases) for outcome in ("failure", "error", "skipped")}
    counts = (
        f'tests="{len(cases) or 1}" failures="{numbers["failure"]}" errors="{numbers["error"]}" skipped="{numbers["skipped"]}" time="0"'
    )
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f"<testsuites {counts}>\n  <testsuite name={_quoted(_SUITE)} {counts}>\n")
    for case in cases:
        out.writelines(f"    {line}\n" for line in _lines(case, titles))
    if not cases:
        name = "manifests are valid"
        out.write(f'    <testcase classname={_quoted(_SUITE)} name={_quoted(name)} time="0"/>\n')
    out.write("  </testsuite>\n</testsuites>\n")


def _groups(findings: Iterable[Finding]) -> Iterable[tuple[Finding, ...]]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.range.filename if finding.range else "", finding.rule), []).append(finding)
    return map(tuple, groups.values())


def _case(findings: tuple[Finding, ...], *, strict: bool) -> _Case:
    standing = tuple(finding for finding in findings if finding.waived is None)
    if not standing:
        return _Case(findings=findings, outcome="skipped")
    worst = min(standing, key=lambda finding: SEVERITY_ORDER[finding.severity]).severity
    if worst is Severity.ERROR:
        return _Case(findings=standing, outcome="error" if standing[0].rule in UNREADABLE else "failure")
    return _Case(findings=standing, outcome="failure" if strict and worst is Severity.WARNING else "")


def _lines(case: _Case, titles: dict[str, str]) -> Iterator[str]:
    """Yield the lines of one test case; short text is in `message`, full text is the content."""
    first = case.findings[0]
    place = first.range
    title = f": {titles[first.rule]}" if first.rule in titles else ""
    where = f' file={_quoted(place.filename)} line="{place.start.line}"' if place else ""
    yield f'<testcase classname={_quoted(place.filename if place else _SUITE)} name={_quoted(first.rule + title)}{where} time="0">'
    if case.outcome == "skipped":
        waived = first.waived
        until = f"{waived.reason}, until {format_instant(waived.expires)}" if waived else ""
        yield f"  <skipped message={_quoted(until)}/>"
    else:
        element = case.outcome or "system-out"
        more = f" (and {len(case.findings) - 1} more)" if len(case.findings) > 1 else ""
        said = f" message={_quoted(first.message + more)} type={_quoted(first.severity.value)}" if case.outcome else ""
        yield f"  <{element}{said}>{_text(case.findings)}</{element}>"
    yield "</testcase>"


def _text(findings: Iterable[Finding]) -> str:
    return "\n\n".join("\n".join(_escaped(line) for line in _said(finding)) for finding in findings)


def _said(finding: Finding) -> Iterator[str]:
    where = finding.range
    place = f"{where.filename}:{where.start.line}:{where.start.column}: " if where else f"{finding.address}: " if finding.address else ""
    yield f"{place}{finding.severity.value}: {finding.message}"
    if finding.detail:
        yield finding.detail
    if finding.hint:
        yield f"hint: {finding.hint}"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    r"""Return visible text as XML; two characters that XML forbids are visible otherwise, and written like what is not."""
    shown = _NO_XML.sub(lambda match: f"\\u{{{ord(match[0]):x}}}", visible(text))
    return shown.translate(_ENTITIES)
