"""Nothing that a source says moves the terminal: it is shown as \\x1b, wherever it is printed."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import polars as pl
import pytest
from rich.progress import Progress
from rich.text import Text

from flows.cli import options
from flows.cli.progress import print_json, print_summary
from flows.cli.terminal import Terminal
from flows.operations.provider_table import provider_table
from flows.pipeline.dry_run import print_record
from flows.runtime.run import RunSummary
from warehouse.ledger import ScrapeRecord
from warehouse.schema import BY_NAME, TABLES
from warehouse.text_safety import visible

Gpuledger = Callable[..., CompletedProcess[str]]
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]")
FLOWS = Path(options.__file__).parents[1]
SLOT = datetime(2026, 11, 19, 3, tzinfo=UTC)
SAID = "\x1b[2J\x1b]0;pwned\x07\x9b31m\u202eevil\u200b\r"


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal without styles, so that every escape sequence on it is somebody else's."""
    yield Terminal(file=io.StringIO(), width=200, soft_wrap=True, highlight=False)


def printed(terminal: Terminal) -> str:
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


def attacked(table: str) -> dict[str, object]:
    values = {"text": SAID, "json": json.dumps(SAID), "text_list": [SAID], "integer": 1, "number": 1.0}
    values |= {"flag": True, "timestamp": SLOT, "date": SLOT.date()}
    return {c.name: c.allowed[0] if c.allowed else values[c.kind] for c in BY_NAME[table].columns}


def test_what_a_check_found_is_shown_and_not_obeyed(terminal: Terminal) -> None:
    frames = {
        t.name: pl.DataFrame([attacked(t.name)], schema=t.polars()) for t in TABLES if t.name != "scrapes"
    }
    print_record(ScrapeRecord(attacked("scrapes"), frames), terminal)
    assert OBEYED.search(printed(terminal)) is None
    assert printed(terminal).count(r"\x1b[2J") > 15


def test_the_summary_of_a_run_is_shown_and_not_obeyed(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = RunSummary("r", "nightly", "live", SLOT, [attacked("scrapes") | {"status": "failed"}])
    print_summary(summary, terminal)
    assert OBEYED.search(printed(terminal)) is None
    assert r"\x1b[2J" in printed(terminal)
    print_json(summary)
    text = capsys.readouterr().out
    assert text.isascii()
    assert OBEYED.search(text.replace("\x7f", "")) is None
    assert json.loads(text)["scrapes"][0]["error"] == SAID


def test_a_list_of_providers_is_shown_and_not_obeyed(terminal: Terminal) -> None:
    row = {"provider": "p", "title": SAID, "status": SAID, "enabled": True, "source": SAID, "cadence": SAID}
    terminal.print(provider_table([row | {"last_good_slot": None, "rows": 0}]))
    assert OBEYED.search(printed(terminal)) is None
    assert printed(terminal).count(r"\x1b[2J") == 4


def test_styles_and_progress_of_our_own_are_still_obeyed() -> None:
    terminal = Terminal(file=io.StringIO(), force_terminal=True, color_system="standard", width=80)
    terminal.print(Text("red", style="red"))
    with Progress(console=terminal) as bars:
        bars.advance(bars.add_task("work", total=1))
    assert "\x1b[31mred\x1b[0m" in printed(terminal)
    assert r"\x1b" not in printed(terminal)


def test_the_flows_have_one_way_to_the_terminal() -> None:
    others = [path.name for path in FLOWS.rglob("*.py") if "= Console(" in path.read_text(encoding="utf-8")]
    assert others == []
    assert isinstance(options.out, Terminal)
    assert isinstance(options.err, Terminal)


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_sql_shows_whatever_is_stored_plainly(hostile_home: Path, gpuledger: Gpuledger, form: str) -> None:
    for table in ("offers", "quarantine", "incidents", "scrapes"):
        query = f"SELECT * FROM {table} WHERE strlen(run_id) < 4"
        answer = gpuledger("sql", "--home", hostile_home, "--format", form, query)
        assert answer.returncode == 0, answer.stderr
        assert OBEYED.search(answer.stdout) is None
        assert len(answer.stdout) > 1000


def test_a_refusal_shows_a_hostile_question_plainly(hostile_home: Path, gpuledger: Gpuledger) -> None:
    refused = gpuledger("sql", "--home", hostile_home, f'SELECT "{SAID}" FROM offers')
    assert refused.returncode == 2
    assert OBEYED.search(refused.stderr) is None
    assert r"\x1b[2J" in refused.stderr


def test_the_providers_are_listed_from_a_hostile_ledger(hostile_home: Path, gpuledger: Gpuledger) -> None:
    for more in ((), ("--json",)):
        listed = gpuledger("providers", "--home", hostile_home, *more)
        assert listed.returncode == 0, listed.stderr
        assert OBEYED.search(listed.stdout) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – é 漢字 🎉", "plain – é 漢字 🎉"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb", "a\nb"),
        ("over\rwritten", r"over\x0dwritten"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u202e\U000e0041", r"\u202e\U000e0041"),
        ("\ud800", r"\ud800"),
    ],
)
def test_only_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown
