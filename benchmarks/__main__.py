"""`python -m benchmarks`: measure everything, print the table, and write it into docs/performance.md."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks import keeping, lake, reading, scale
from benchmarks.measuring import Line, peak_megabytes

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"


def main() -> None:
    """Measure, print and write."""
    lines: list[Line] = []
    for family in (reading.lines, keeping.lines, scale.lines, lake.lines):
        for line in family():
            lines.append(line)
            Console().print(f"{line.what}: {line.ratio:.2f} of {line.against}", markup=False)
    table = Table("what", "ours", "against", "theirs", "ratio", "goal", "met")
    for line in lines:
        table.add_row(*_cells(line))
    Console(width=160).print(table)
    _write(lines)


def _cells(line: Line) -> list[str]:
    goal = "–" if line.goal is None else f"{line.goal:g}"
    ours, others = (f"{value:,.3g} {line.unit}" for value in (line.ours, line.others))
    return [line.what, ours, line.against, others, f"{line.ratio:.2f}", goal, line.met]


def _write(lines: list[Line]) -> None:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, at most {peak_megabytes():,.0f} MB of memory"
    versions = f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    stamp = f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine}; {versions}."
    head = "| what | ours | against | theirs | ratio | goal | met |\n|---|---|---|---|---|---|---|"
    rows = "\n".join(f"| {' | '.join(_cells(line))} |" for line in lines)
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    DOCUMENT.write_text(f"{before}{_BEGIN}\n\n{head}\n{rows}\n\n{stamp}\n\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
