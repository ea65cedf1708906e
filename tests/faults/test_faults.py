"""One night over a provider that is wrong in every way at once: each source pays for its own fault alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scrapers.browser import find_chromium
from tests.faults import in_prices, in_reading
from tests.faults.cases import Fault
from tests.faults.content import FORMATS, MACHINES
from tests.faults.night import FAULTS, pairs, run, some
from tests.faults.outcome import Outcome, as_table, committed, departures, outcomes
from tests.faults.reliability import DOCUMENT
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

pytestmark = pytest.mark.slow
CHROMIUM = find_chromium(os.environ.get("GPULEDGER_CHROMIUM"))
PAIRS = some(CHROMIUM is not None)
TRUE_PRICES = {machine.name: machine.usd_per_hour for machine in MACHINES}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, prefect_server: str) -> Path:
    """The data folder after the night."""
    folder = tmp_path_factory.mktemp("faults")
    run(folder, *(fault.source(format) for fault, format in PAIRS), PREFECT_API_URL=prefect_server)
    return folder


@pytest.fixture(scope="module")
def found(home: Path) -> dict[str, Outcome]:
    """What became of every source."""
    return outcomes(home)


@pytest.mark.parametrize(
    ("fault", "format"), [pytest.param(*pair, id=pair[0].source(pair[1])) for pair in PAIRS]
)
def test_a_fault_ends_as_expected_and_no_price_is_stored_that_is_not_true(
    found: dict[str, Outcome], fault: Fault, format: str
) -> None:
    assert list(departures(fault, format, found[fault.source(format)])) == []


@pytest.mark.parametrize("format", [format for format in FORMATS if CHROMIUM or format != "rendered_page"])
def test_a_healthy_neighbour_is_stored_whole(found: dict[str, Outcome], format: str) -> None:
    neighbour = found[f"none_in_{format}"]
    assert (neighbour.status, neighbour.incidents, neighbour.reasons) == ("ok", (), ())
    assert neighbour.prices == TRUE_PRICES


def test_the_run_is_stored_with_every_source_and_its_site_is_built(
    home: Path, found: dict[str, Outcome]
) -> None:
    with read_warehouse(FileStorage(home)) as warehouse:
        runs = warehouse.sql(
            "SELECT sources_due, sources_ok, sources_partial, sources_failed FROM runs"
        ).fetchall()
    assert set(found) == {fault.source(format) for fault, format in PAIRS}
    wanted = [fault.expected_of(format).status for fault, format in PAIRS]
    assert runs == [(len(PAIRS), *(wanted.count(status) for status in ("ok", "partial", "failed")))]
    assert (home / "site" / "index.html").is_file()


@pytest.mark.parametrize("fault", [*in_reading.FAULTS, *in_prices.FAULTS], ids=lambda fault: fault.name)
def test_what_was_answered_is_on_record_whatever_became_of_it(
    found: dict[str, Outcome], fault: Fault
) -> None:
    archived = [
        found[fault.source(format)].archived
        for known, format in PAIRS
        if known is fault and format != "rendered_page"
    ]
    assert set(archived) == {1}


@pytest.mark.soak
def test_every_fault_in_every_shape_ends_as_the_table_in_the_docs_says(tmp_path: Path) -> None:
    run(tmp_path)
    every = outcomes(tmp_path)
    wanted = pairs(browser=CHROMIUM is not None)
    wrong = {
        (fault.name, format): list(departures(fault, format, every[fault.source(format)]))
        for fault, format in wanted
    }
    assert {pair: found for pair, found in wrong.items() if found} == {}
    if CHROMIUM:
        assert as_table(FAULTS, every) == committed(DOCUMENT)


@pytest.mark.soak
def test_a_million_rows_are_stored(tmp_path: Path) -> None:
    fault = in_reading.million()
    run(tmp_path, fault.source("json_api"))
    outcome = outcomes(tmp_path)[fault.source("json_api")]
    assert list(departures(fault, "json_api", outcome)) == []
