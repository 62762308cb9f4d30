import pytest

from reconciler.manifests.scalars import INTEGER_DIGITS, resolve


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "NO",
        "yes",
        "on",
        "off",
        "y",
        "12:30",
        "2026-11-20",
        "2026-11-20T09:00:00Z",
        "1.10",
        "1e3",
        ".nan",
        "1_000",
        "-",
        "nulls",
        "tRue",
    ],
)
def test_what_other_readers_take_for_something_else_is_text(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0123", 123),
        ("010", 10),
        ("-1", -1),
        ("+7", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("Null", None),
        ("", None),
    ],
)
def test_core_scalars_have_their_core_meaning(text: str, value: object) -> None:
    resolved = resolve(text)
    assert (resolved, type(resolved)) == (value, type(value))


@pytest.mark.parametrize("text", ["９", "0o8", "0xg", "١"])
def test_digits_of_other_scripts_and_bases_are_text(text: str) -> None:
    assert resolve(text) == text


def test_a_very_long_integer_is_refused_before_it_is_computed() -> None:
    assert resolve("9" * INTEGER_DIGITS) == int("9" * INTEGER_DIGITS)
    with pytest.raises(ValueError, match="an integer of 5000 digits"):
        resolve("9" * 5000)
