"""`python -m tests.faults.reliability`: run the night over the faults and write its table into the docs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from scrapers.browser import find_chromium
from tests.faults.night import FAULTS, pairs, run
from tests.faults.outcome import as_table, departures, outcomes, rewritten

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def main() -> int:
    """Write the table; returns 1, and writes nothing, where an outcome is not what is expected."""
    if find_chromium(os.environ.get("GPULEDGER_CHROMIUM")) is None:
        sys.stderr.write("the table has a column of rendered pages: it needs a Chromium\n")
        return 1
    with TemporaryDirectory(prefix="gpuledger-faults-") as folder:
        run(Path(folder))
        found = outcomes(Path(folder))
    wrong = [
        f"{fault.source(format)}: {sentence}"
        for fault, format in pairs(browser=True)
        for sentence in departures(fault, format, found[fault.source(format)])
    ]
    if wrong:
        sys.stderr.write("\n".join([*wrong, ""]))
        return 1
    text = rewritten(DOCUMENT.read_text(encoding="utf-8"), as_table(FAULTS, found))
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
