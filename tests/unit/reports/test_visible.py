"""Foreign text in reports: what is escaped, how wide it is, where it breaks."""

import unicodedata

import pytest

from reconciler.reports.visible import display_width, inert, pad, pad_left, visible, wrap

HIDDEN = [
    *range(0x20),
    *range(0x7F, 0xA0),
    *(0x2028, 0x2029, 0x61C, 0x200E, 0x200F),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    *(0xAD, 0x34F, 0x115F, 0x1160, 0x180E, 0x200B, 0x200C, 0x200D, 0x3164, 0xFEFF, 0xFFA0),
    *range(0x2060, 0x2065),
    *range(0xE0000, 0xE0080),
    *range(0xE0100, 0xE01F0),
    *(0xD800, 0xDFFF),
]


def test_exactly_the_listed_characters_are_escaped() -> None:
    escaped = {number for number in range(0x110000) if visible(chr(number)) != chr(number)}
    assert escaped == {*HIDDEN, *range(0xD800, 0xE000)}


def test_no_control_or_format_character_of_bidi_stays() -> None:
    assert all(visible(chr(number)) == f"\\u{{{number:x}}}" for number in HIDDEN)
    assert not any(unicodedata.category(character) == "Cc" for character in visible("".join(map(chr, range(0x100)))))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("株式会社", "株式会社"),
        ("a\\u{41}", "a\\\\u{41}"),
        ("a\\\u202e", "a\\\\u{202e}"),
        ("##[error]x", "#\\u{23}[error]x"),
        ("###[", "##\\u{23}["),
        ("#\u200b#[", "#\\u{200b}#["),
    ],
)
def test_hidden_text_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::error::x", "\\u{3a}:error::x"),
        ("  ::error::x", "  \\u{3a}:error::x"),
        ("\u3000::error::x", "\u3000\\u{3a}:error::x"),
        ("a ::error::x", "a ::error::x"),
        (":error", ":error"),
        ("##[group]", "#\\u{23}[group]"),
    ],
)
def test_no_line_is_a_command(line: str, shown: str) -> None:
    assert inert(line) == shown


def test_columns_count_what_a_terminal_shows() -> None:
    assert (display_width("abc"), display_width("株式"), display_width("e\u0301"), display_width("")) == (3, 4, 1, 0)
    assert (pad("株", 4), pad_left("株", 4), pad("long", 2)) == ("株  ", "  株", "long")


def test_lines_break_at_blanks_and_words_stay_whole() -> None:
    assert wrap("aa bb cc", 5) == ["aa bb", "cc"]
    assert wrap("株式 会社 a", 9) == ["株式 会社", "a"]
    assert wrap("https://a.very.long.example/word b", 10) == ["https://a.very.long.example/word", "b"]
    assert wrap("", 10) == []
