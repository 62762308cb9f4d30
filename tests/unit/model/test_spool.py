"""A spool gives back what it was given, in order, as often as it is asked."""

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.spool import Spool


@given(st.lists(st.binary(max_size=20)))
def test_everything_comes_back_in_order_and_every_time(pieces: list[bytes]) -> None:
    spool = Spool(BytesIO())
    for piece in pieces:
        spool.append(piece)
    assert (list(spool), list(spool), spool.count) == (pieces, pieces, len(pieces))


def test_several_readers_go_at_once_and_writing_does_not_disturb_them() -> None:
    spool = Spool(BytesIO())
    spool.append(b"one")
    spool.append(b"two")
    first, second = iter(spool), iter(spool)
    assert (next(first), next(second), next(second)) == (b"one", b"one", b"two")
    spool.append(b"three")
    assert next(first) == b"two"
    assert list(spool) == [b"one", b"two", b"three"]


def test_the_file_is_closed_when_nobody_can_read_the_spool_any_more() -> None:
    file = BytesIO()
    spool = Spool(file)
    spool.append(b"one")
    reading = iter(spool)
    del spool
    assert list(reading) == [b"one"]
    del reading
    assert file.closed
