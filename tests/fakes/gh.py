"""A `gh` for the calls that the action makes: `gh api`, with the pull requests and comments of one repository in a folder.

Started as a program. `FAKE_GITHUB` names the folder: `pulls.json` is the list of pull requests, `comments/NUMBER/ID.json` a comment.
As the real one does it wants a token in `GH_TOKEN`, asks for one page unless told to paginate, filters each page by itself,
and reads the value of `--field NAME=@FILE` from the file. What it does not know it refuses.
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jq

LOGINS = {"token-of-the-job": "github-actions[bot]", "token-of-mallory": "mallory"}
"""Who speaks with which token."""
LONGEST = 65_536
PAGE = 30


class HttpError(Exception):
    """What the service answers when it does not do what it was asked."""


class Service:
    """The part of the service that is asked."""

    def __init__(self, folder: Path, login: str) -> None:
        """Serve what is in *folder* to *login*."""
        self._folder = folder
        self._login = login

    def answer(self, method: str, path: str, fields: dict[str, str]) -> Any:
        """Return the answer to one request."""
        asked = path.removeprefix(f"repos/{os.environ['GITHUB_REPOSITORY']}/")
        if (found := re.fullmatch(r"commits/([0-9a-f]{40})/pulls", asked)) and method == "GET":
            pulls = json.loads((self._folder / "pulls.json").read_text(encoding="utf-8"))
            return [pull for pull in pulls if found[1] in pull["commits"]]
        if found := re.fullmatch(r"issues/(\d+)/comments", asked):
            folder = self._folder / "comments" / found[1]
            if method == "GET":
                return [json.loads(one.read_text(encoding="utf-8")) for one in sorted(folder.glob("*.json"))]
            if method == "POST":
                number = 1000 + len(list(self._folder.glob("comments/*/*.json")))
                return self._write(folder / f"{number}.json", {"id": number, "user": {"login": self._login}, "body": fields["body"]})
        if (found := re.fullmatch(r"issues/comments/(\d+)", asked)) and method == "PATCH":
            for file in self._folder.glob(f"comments/*/{found[1]}.json"):
                return self._write(file, {**json.loads(file.read_text(encoding="utf-8")), "body": fields["body"]})
        raise HttpError("Not Found (HTTP 404)")

    def _write(self, file: Path, comment: dict[str, Any]) -> dict[str, Any]:
        if len(comment["body"]) > LONGEST:
            raise HttpError(f"Validation Failed: body is too long (maximum is {LONGEST} characters) (HTTP 422)")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(comment), encoding="utf-8")
        return comment


def value_of(given: str) -> str:
    """Return the value of a field; `@FILE` is read."""
    return Path(given[1:]).read_text(encoding="utf-8") if given.startswith("@") else given


def main() -> int:
    """Answer one call."""
    parser = argparse.ArgumentParser("gh api", allow_abbrev=False)
    parser.add_argument("api", choices=["api"])
    parser.add_argument("endpoint")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--jq", default=".")
    parser.add_argument("--field", action="append", default=[])
    asked = parser.parse_args()
    login = LOGINS.get(os.environ.get("GH_TOKEN", ""))
    if login is None:
        sys.stderr.write("gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable.\n")
        return 4
    address = urlsplit(asked.endpoint)
    size = int(parse_qs(address.query).get("per_page", [str(PAGE)])[0])
    fields = {name: value_of(value) for name, _, value in (field.partition("=") for field in asked.field)}
    try:
        answer = Service(Path(os.environ["FAKE_GITHUB"]), login).answer(asked.method, address.path, fields)
    except HttpError as error:
        sys.stderr.write(f"gh: {error}\n")
        return 1
    pages = [answer] if not isinstance(answer, list) else [answer[start : start + size] for start in range(0, len(answer), size)] or [[]]
    for page in pages if asked.paginate else pages[:1]:
        for found in [] if asked.silent else jq.compile(asked.jq).input_value(page).all():
            sys.stdout.write(f"{found if isinstance(found, str) else json.dumps(found)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
