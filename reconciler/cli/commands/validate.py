"""`reconciler validate`."""

import click

from reconciler.cli.exits import ERROR, OK
from reconciler.cli.options import VALIDATION, Common, common_options
from reconciler.cli.process import Process
from reconciler.cli.types import file_names

FAIL_ON = click.Choice(["warning", "unobserved"])


@click.command(short_help="Check manifests; no stored state is needed.")
@click.argument("paths", nargs=-1, metavar="PATH...", shell_complete=file_names)
@common_options(reads=True, formats=VALIDATION)
@click.option("--fail-on", type=FAIL_ON, envvar="RECONCILER_FAIL_ON", help="Exit 1 for warnings too.")
@click.option("--allow-empty", is_flag=True, help="Go on when there are no manifests at all.")
@click.pass_obj
def validate(process: Process, common: Common, paths: tuple[str, ...], fail_on: str | None, *, allow_empty: bool) -> int:
    """Check manifests against their schemas and the domain rules. PATH is a file, a directory, or - for standard input.

    \b
    Examples:
      reconciler validate organizations/
      kustomize build . | reconciler validate -
      reconciler validate organizations/ --format junit --output junit.xml
    """
    from reconciler import pipeline
    from reconciler.cli.session import Session
    from reconciler.model.findings import Severity

    session = Session(process, common)
    answer = pipeline.validate(session.request(session.paths(paths), allow_empty=allow_empty), session.given_now())
    strict = (fail_on or session.settings.fail_on) == "warning"
    failed = not answer.valid or (strict and any(finding.severity is Severity.WARNING for finding in answer.findings))
    return session.report(answer, exit_code=ERROR if failed else OK, strict=strict)
