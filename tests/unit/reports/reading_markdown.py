"""Markdown as its readers see it: parsed as CommonMark with tables, and refused when it has anything that our reports do not write."""

import html
import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")
_BLOCKS = {"heading", "paragraph", "blockquote", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td"}
_LEAVES = {"fence", "hr", "html_block", "inline"}
_INLINE = {"text", "code_inline", "strong_open", "strong_close", "softbreak", "hardbreak"}
_HTML = re.compile(
    r"<!-- reconciler:[a-z-]+ v1(?: [a-z]+=[a-z0-9:.=_/-]*)+ -->\n"
    r"|<details><summary>(?:<code>(?P<name>[^<>\n]*)</code>)?[^<>\n]*</summary>\n"
    r"|</details>\n"
)
_ALIVE = re.compile(r"[@#<>&|\[\]_*~$\\`]|https?:|www\.|[A-Za-z][./:][A-Za-z]")
"""What could be a mention, a reference, a link, HTML or markup where it stands in plain text."""


def read(markdown: str) -> list[str]:
    """Return what stands in code spans, fences and summaries; everything else is of the few kinds that our reports consist of."""
    return list(_read(_PARSER.parse(markdown), markdown))


def _read(tokens: list[Token], markdown: str) -> Iterator[str]:
    open_details = 0
    columns = 0
    for token in tokens:
        kind = token.type.removesuffix("_open").removesuffix("_close")
        assert kind in (_LEAVES if token.nesting == 0 else _BLOCKS), token
        if token.type == "thead_open":
            columns = 0
        elif token.type == "th_open":
            columns += 1
        elif token.type == "inline":
            yield from _inline(token)
        elif token.type == "fence":
            assert token.info in {"diff", "sh"}
            assert token.map is not None
            last = markdown.split("\n")[token.map[1] - 1]
            assert last.strip("`") == "", "the fence is closed"
            assert len(last) >= 3
            yield from token.content.splitlines()
        elif token.type == "html_block":
            found = _HTML.fullmatch(token.content)
            assert found is not None, token.content
            open_details += token.content.startswith("<details>") - token.content.startswith("</details>")
            assert open_details in {0, 1}
            if found["name"] is not None:
                yield html.unescape(found["name"])
    assert open_details == 0, "every collapsed block is closed"


def _inline(token: Token) -> Iterator[str]:
    for child in token.children or ():
        assert child.type in _INLINE, child
        if child.type == "code_inline":
            yield child.content
        elif child.type == "text":
            assert not _ALIVE.search(child.content), child.content


def tables(markdown: str) -> list[list[list[str]]]:
    """Return every table as rows of cells, as plain text."""
    found: list[list[list[str]]] = []
    cell = False
    for token in _PARSER.parse(markdown):
        cell = token.type in {"th_open", "td_open"} or (cell and token.type == "inline")
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif cell and token.type == "inline":
            found[-1][-1].append("".join(child.content for child in token.children or ()))
    return found
