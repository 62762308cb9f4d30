"""Errors of disks and connections in our words: what is uncertain is said to be, and the run ends there."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from reconciler.model.errors import StorageFaultError, StoreError
from reconciler.stores import open_facts, open_reader, open_store
from reconciler.stores.faults import fence


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EIO, os.strerror(errno.EIO)), "somewhere: reading or writing failed (Input/output error)"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "somewhere: the disk is full"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "somewhere: Read-only file system"),
        (
            PendingRollbackError("Can't reconnect until invalid transaction is rolled back."),
            "somewhere: the connection to the server was lost",
        ),
    ],
)
def test_a_fault_of_the_storage_is_told_as_one(error: Exception, words: str) -> None:
    with pytest.raises(StorageFaultError) as caught, fence("somewhere"):
        raise error
    assert caught.value.message == words


@pytest.mark.parametrize("error", [OSError(errno.EIO, os.strerror(errno.EIO)), PendingRollbackError("")])
def test_what_may_have_been_stored_is_said_to_be_uncertain(error: Exception) -> None:
    with pytest.raises(StorageFaultError) as caught, fence("somewhere"):
        raise error
    assert "may or may not be stored" in (caught.value.hint or "")


def test_an_error_of_a_driver_is_told_wherever_it_is_wrapped() -> None:
    with pytest.raises(StoreError, match="somewhere: out of patience"), fence("somewhere"):
        raise DBAPIError("SELECT 1", {}, sqlite3.OperationalError("out of patience"))


def test_a_place_that_cannot_be_looked_at_is_an_error_and_not_an_absence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/{'x' * 300}.db"
    for opening in (open_reader, open_facts, lambda url: open_store(url, create=False), lambda url: open_store(url, create=True)):
        with pytest.raises(StorageFaultError, match="File name too long"):
            opening(url)
