r"""Text safety: control characters and direction marks are escaped before text is shown.

What a source says may hold escape sequences that repaint a terminal, marks that turn the direction of
writing, and letters of no width. The ledger keeps them as they are, because they are evidence; whatever
shows them to a person shows them as \x1b or \u202e.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

# Control characters but tab and line feed, marks of direction, letters of no width, separators that break a
# line, halves of surrogate pairs.
_UNSEEN: Final = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    r"\ufdd0-\ufdef\ufffe\uffff\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_CONTROLS: Final = re.compile(f"[{_UNSEEN}\ud800-\udfff]")
# The same for polars, whose expressions spell characters in another way.
_IN_COLUMN: Final = f"[{_UNSEEN.encode().decode('unicode_escape')}]"
_LONGEST: Final = {1: 0xFF, 2: 0xFFFF}


def first_line(problem: BaseException) -> str:
    """What an error says first: the rest of many is where in a library it was met."""
    return str(problem).partition("\n")[0]


def quoted(text: str) -> str:
    """The text as a SQL literal, quotation marks included."""
    return "'" + text.replace("'", "''") + "'"


def visible(text: str) -> str:
    r"""The text with every character that is obeyed and not seen written out, as \x1b or \u202e.

    Tabs and line feeds stay, and two characters that end a line together become one line feed.
    """
    if text.isprintable():
        return text
    return _CONTROLS.sub(_written, text.replace("\r\n", "\n"))


def visible_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its columns of text, and the names of all columns, made `visible`."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    unseen = [name for name in texts if frame[name].str.contains(_IN_COLUMN).any()]
    shown = frame.with_columns(
        pl.col(name).map_elements(visible, return_dtype=pl.String, skip_nulls=True) for name in unseen
    )
    return shown.rename(visible)


def escaped_json(text: str) -> str:
    r"""JSON that means the same and is plain: outside ASCII's printable letters it says \u202e."""
    return _CONTROLS.sub(_as_json, text)


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code <= _LONGEST[1]:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _LONGEST[2] else f"\\U{code:08x}"


def _as_json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
