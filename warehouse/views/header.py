"""Headers of view files: comment lines `-- key: value` with facts that SQL cannot express.

The keys are documented in warehouse/views/__init__.py, for whoever writes a view.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from warehouse.errors import GpuledgerError

# Key -> the pattern of its value, and the same in words.
_VALUES: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "description": (re.compile(r"\S.*\."), "one sentence that ends with a full stop"),
    "cache": (re.compile(r"days by (?P<column>[a-z_]+)|newest"), "`days by COLUMN` or `newest`"),
    "report": (re.compile(r"computed once"), "`computed once`"),
    "download": (re.compile(r"all|last year by (?P<column>[a-z_]+)"), "`all` or `last year by COLUMN`"),
}
_ENTRY: Final = re.compile(r"-- ([a-z]+): (.*)")
_CREATE: Final = re.compile(r"CREATE OR REPLACE VIEW (\w+) AS")
_COMMENT: Final = re.compile(r"COMMENT ON (VIEW|COLUMN) ([\w.]+)")


class ViewRefused(GpuledgerError):
    """A view's file cannot be used; the message has the file and the line."""


@dataclass(frozen=True)
class ViewHeader:
    """What a view's file says of the view.

    `cached_by` is the column that says of which UTC day a row is, where rows of closed days are cached, else
    "". `is_newest` marks a cached view of the newest snapshots alone. `is_computed_once` asks a report to
    compute the rows once. `last_year_by` is the column by which a download is cut to the last year, "" where
    it is whole. `own_columns` are the columns that the file describes. `line_of` has the line of each key.
    """

    description: str
    cached_by: str
    is_newest: bool
    is_computed_once: bool
    is_downloadable: bool
    last_year_by: str
    own_columns: frozenset[str]
    line_of: Mapping[str, int]

    @property
    def is_cached(self) -> bool:
        """Whether a later run uses rows of the view again."""
        return bool(self.cached_by) or self.is_newest


def parse_header(file: str, text: str) -> ViewHeader:
    """The header of a view's file, by the file's name and text. Raises ViewRefused."""
    lines = text.splitlines()
    values, line_of = _entries(file, lines)
    _check_statement(file, lines, len(values))
    return ViewHeader(
        description=values["description"],
        cached_by=_column("cache", values),
        is_newest=values.get("cache") == "newest",
        is_computed_once="report" in values,
        is_downloadable="download" in values,
        last_year_by=_column("download", values),
        own_columns=frozenset(_described_columns(file, lines)),
        line_of=line_of,
    )


def refused(file: str, number: int, said: str) -> ViewRefused:
    """The error for a line of a view's file."""
    return ViewRefused(
        f"warehouse/views/{file}:{number}: {said}", advice="warehouse/views/__init__.py explains the header"
    )


def _entries(file: str, lines: Sequence[str]) -> tuple[dict[str, str], dict[str, int]]:
    """The header's values and line numbers by key; the first line that is not `-- key: value` ends it."""
    values: dict[str, str] = {}
    line_of: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not (entry := _ENTRY.fullmatch(line)):
            break
        key, value = entry.groups()
        if key not in _VALUES:
            raise refused(
                file, number, f"{key!r} is not a key of a header: the keys are {', '.join(_VALUES)}"
            )
        if key in values:
            raise refused(file, number, f"{key!r} is given twice")
        pattern, form = _VALUES[key]
        if not pattern.fullmatch(value):
            raise refused(file, number, f"{value!r} is not a value of {key!r}: write {form}")
        values[key], line_of[key] = value, number
    if "description" not in values:
        form = _VALUES["description"][1]
        raise refused(file, len(values) + 1, f"the header has no `-- description: ...`: write {form}")
    return values, line_of


def _check_statement(file: str, lines: Sequence[str], entries: int) -> None:
    """Refuse a comment right behind the header, which may be an entry with a mistake, and another view."""
    behind = list(enumerate(lines, start=1))[entries:]
    if behind and behind[0][1].startswith("--") and behind[0][1] != "--":
        said = "the header ends here: write `-- key: value`, or `--` alone before further comments"
        raise refused(file, behind[0][0], said)
    name = file.removesuffix(".sql")
    for number, line in behind:
        if line.startswith("--"):
            continue
        if (created := _CREATE.fullmatch(line)) and created[1] == name:
            return
        raise refused(file, number, f"the statement must begin with `CREATE OR REPLACE VIEW {name} AS`")
    raise refused(file, len(lines), f"the file has no `CREATE OR REPLACE VIEW {name} AS`")


def _described_columns(file: str, lines: Sequence[str]) -> Iterator[str]:
    """The columns that `COMMENT ON COLUMN` describes; a view's own comment is the header's description."""
    name = file.removesuffix(".sql")
    for number, line in enumerate(lines, start=1):
        if not (comment := _COMMENT.match(line)):
            continue
        view, _, column = comment[2].partition(".")
        if comment[1] == "VIEW":
            raise refused(file, number, "the header describes the view: remove `COMMENT ON VIEW`")
        if view != name or not column:
            raise refused(file, number, f"{comment[2]} is not a column of {name}")
        yield column


def _column(key: str, values: Mapping[str, str]) -> str:
    """The column that a value names, or ""."""
    found = _VALUES[key][0].fullmatch(values.get(key, ""))
    return (found and found["column"]) or ""
