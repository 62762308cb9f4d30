"""`reconciler schema`."""

from typing import TextIO

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.types import file_names
from reconciler.model.errors import ReconcilerError, UsageError


class OtherSchemaError(ReconcilerError):
    """A file is not the schema that its name says, as this version publishes it."""

    rule = "schema-outdated"


@click.command(short_help="Print a JSON Schema.")
@click.argument("subjects", nargs=-1, metavar="KIND|FILE...", shell_complete=file_names)
@common_options(formats=("json",), reads=True)
@click.option("--check", is_flag=True, help="Take files instead, and say which of them are not the schemas of this version.")
@click.pass_obj
def schema(process: Process, common: Common, subjects: tuple[str, ...], *, check: bool) -> int:
    """Print the JSON Schema of a KIND.

    Manifests: Organization, ElevationGrant. The file reconciler.yaml: configuration. Reports: validation, plan, apply, sweep, drift,
    state, organizations, history, verification, access, accesses, who-can, rules, rule, statement, init, attestation, grant, grants,
    unlock, copy, migration, error.

    \b
    Examples:
      reconciler schema Organization
      reconciler schema plan --output plan.schema.json
      reconciler schema --check schemas/organization.v1.schema.json
    """
    from reconciler.cli.streams import write_report
    from reconciler.manifests.schemas import find_schema, schema_text

    process.output = common.output
    if check and subjects:
        refuse_others(subjects)
        return OK
    if len(subjects) != 1:
        raise UsageError(
            "schema prints one schema", detail=f"given: {', '.join(subjects) or 'none'}", hint="reconciler schema Organization"
        )
    text = schema_text(find_schema(subjects[0]))

    def write(out: TextIO) -> None:
        out.write(text)

    write_report(write, common.output)
    return OK


def refuse_others(names: tuple[str, ...]) -> None:
    """Compare files with the published schemas of their names; a file with a name of its own is none of them.

    Raises:
        OtherSchemaError: one differs, or cannot be read.
    """
    from pathlib import Path
    from shlex import quote

    from reconciler.manifests.schemas import SUFFIX, schema_names, schema_text
    from reconciler.model.findings import Finding, Severity

    known = {name + SUFFIX: name for name in schema_names()}
    findings = []
    for path in map(Path, names):
        name = known.get(path.name)
        if name is None:
            continue
        try:
            if path.read_bytes() == schema_text(name).encode():
                continue
            message = f"{path} is not the schema of this version"
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}"
        hint = f"reconciler schema {name.partition('.')[0]} --output {quote(str(path))}"
        findings.append(Finding(rule=OtherSchemaError.rule, severity=Severity.ERROR, message=message, hint=hint))
    if findings:
        raise OtherSchemaError("not the schemas of this version", findings=findings)
