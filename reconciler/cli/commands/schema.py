"""`reconciler schema`."""

from typing import TextIO

import click

from reconciler.cli.exits import OK
from reconciler.cli.options import Common, common_options
from reconciler.cli.process import Process


@click.command(short_help="Print a JSON Schema.")
@click.argument("kind", metavar="KIND")
@common_options(formats=("json",), reads=True)
@click.pass_obj
def schema(process: Process, common: Common, kind: str) -> int:
    """Print the JSON Schema of a KIND.

    Manifests: Organization, ElevationGrant. The file reconciler.yaml: configuration. Reports: validation, plan, apply, sweep, drift,
    state, organizations, history, verification, access, accesses, who-can, rules, rule, statement, init, attestation, grant, grants,
    unlock, copy, migration, error.

    \b
    Examples:
      reconciler schema Organization
      reconciler schema plan --output plan.schema.json
    """
    from reconciler.cli.streams import write_report
    from reconciler.manifests.schemas import find_schema, schema_text

    process.output = common.output
    text = schema_text(find_schema(kind))

    def write(out: TextIO) -> None:
        out.write(text)

    write_report(write, common.output)
    return OK
