"""The tables. Plain SQL types only, so that the same tables serve SQLite and PostgreSQL.

Instants are RFC 3339 text in UTC; documents are canonical JSON text, whose digest covers their very bytes.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text

NAME: Final = Text(collation="BINARY").with_variant(Text(collation="C"), "postgresql")
"""Names sort as Python sorts them: by code point."""

INSTANT: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Instants whose text is compared; SQLite compares bytes by itself."""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("lineage", Text, primary_key=True),
    Column("schema_version", Integer, nullable=False),
)

organizations = Table(
    "organizations",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("serial", BigInteger, nullable=False),
    # Digest, next end and body are NULL once an organization was forgotten; the row stays so that the serial goes on.
    Column("digest", Text),
    Column("next_end", Text),
    # A JSON list beside the document: attesting a follow-up changes neither document nor digest.
    Column("follow_ups", Text, nullable=False, server_default="[]"),
    Column("body", Text),
    # Covers what a head is made of: reading all heads then touches no body. PostgreSQL keeps long texts apart from their rows by
    # itself, and takes none of them into an index.
    Index("organizations_heads", "name", "serial", "digest", "next_end", "follow_ups").ddl_if(dialect="sqlite"),
)

journal = Table(
    "journal",
    metadata,
    Column("organization", NAME, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("run", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("actor", Text),
    Column("address", Text),
    Column("actions", Text),
    Column("reason", Text),
    Column("before", Text),
    Column("after", Text),
    Column("detail", Text, nullable=False),
    Column("plan_hash", Text),
    Column("serial", BigInteger, nullable=False),
    Column("digest", Text),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("organization", "seq"),
    Index("journal_by_plan", "plan_hash", "organization", "seq"),
    Index("journal_by_run", "run", "organization", "seq"),
    # Every command asks for the highest instant.
    Index("journal_by_instant", "at"),
)

chains = Table(
    "chains",
    metadata,
    Column("organization", NAME, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

locks = Table(
    "locks",
    metadata,
    Column("organization", NAME, primary_key=True),
    Column("id", Text, nullable=False, index=True),
    Column("operator", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("process_started", Float, nullable=False),
    Column("operation", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("machine", Text, nullable=False, server_default=""),
)

# What was found out about organizations, for the next run: derived, never a fact, and made anew when these are empty.
views = Table(
    "views",
    metadata,
    Column("id", Text, primary_key=True),
    # Another one with every change: whoever made verdicts from older ones does not write them over newer ones.
    Column("token", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("view", Text, nullable=False),
    Column("organization", NAME, nullable=False),
    Column("sources", Text, nullable=False),
    Column("outside", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("settled", Text),
    Column("declared", Boolean, nullable=False),
    Column("resources", BigInteger, nullable=False),
    Column("people", BigInteger, nullable=False),
    Column("findings", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("marks", LargeBinary, nullable=False),
    Column("asked", Text, nullable=False),
    PrimaryKeyConstraint("view", "organization"),
    sqlite_with_rowid=False,
)
