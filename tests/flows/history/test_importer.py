"""Importing a public history: archived once, stored by snapshot, resumed, repeated, in parts."""

from __future__ import annotations

import csv
import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.history.importer import ImportRequest, import_history
from flows.history.verify import verify_histories
from flows.runtime.installation import Installation
from flows.runtime.run import OriginsMixed, RunSummary, refuse_origin
from scrapers.archive.writer import read_archive
from scrapers.history.mapping import Mapping, MappingError
from scrapers.history.mappings import load, parsed
from warehouse.ledger import Ledger
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

LIST = b"""
[origin]
title = "A list"
publisher = "A. Lister"
licence = "CC BY 4.0"
licence_url = "https://example.com/by"
attribution = "List by A. Lister, CC BY 4.0."
url = "https://example.com/list"
obtain = "ask"
rows_are = "snapshots"

[time]
columns = ["when"]
cadence = "stamped"

[[rows]]
table = "offers"
key = ["machine"]
gpu = { name = { constant = "H100 SXM" }, count = { constant = "8" } }

[rows.columns]
provider = { constant = "p" }
instance_type = "machine"

[[rows.prices]]
column = "usd"
per = "machine"
pricing_model = "on_demand"
currency = "USD"
blank = "missing"
"""
FIRST = datetime(2024, 1, 1, 6, tzinfo=UTC)
Line = tuple[int, str, str]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(FileStorage(tmp_path / "home")) as opened:
        yield opened


def listed(path: Path, lines: list[Line]) -> Path:
    """A file of (day, machine, price)."""
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file, lineterminator="\n")
        write.writerow(("when", "machine", "usd"))
        for day, machine, price in lines:
            write.writerow(((FIRST + timedelta(days=day)).isoformat(), machine, price))
    return path


def many(path: Path, days: int = 20, machines: int = 5) -> Path:
    return listed(
        path, [(day, f"m{name}", f"{day + name + 1}") for day in range(days) for name in range(machines)]
    )


def request(ledger: Ledger, path: Path, **changes: Any) -> ImportRequest:
    given: dict[str, Any] = {"mapping": parsed("a_list", LIST), **changes}
    return ImportRequest(ledger.storage.home, path, given.pop("mapping"), **given)


def one(ledger: Ledger, query: str) -> Any:
    return ledger.query(query).row(0)


def test_rows_stand_with_origin_licence_line_and_the_bytes_they_were_read_from(
    tmp_path: Path, ledger: Ledger
) -> None:
    path = listed(
        tmp_path / "list.csv", [(0, "m", "98.32"), (1, "m", "55.04"), (1, "n", ""), (2, "m", "cheap")]
    )
    result = import_history(request(ledger, path), ledger)
    assert (result.accepted, result.refused, result.read.missing, result.snapshots) == (2, 1, 1, 3)
    offers = ledger.query("FROM history_offers ORDER BY slot").to_dicts()
    assert [(row["offer_id"], row["slot"], row["usd_per_gpu_hour"]) for row in offers] == [
        ("L2", FIRST, 12.29),
        ("L3", FIRST + timedelta(days=1), 6.88),
    ]
    (source,) = ledger.query("FROM history_sources").to_dicts()
    assert (source["source"], source["licence"], source["attribution"], source["row_count"]) == (
        "history:a_list",
        "CC BY 4.0",
        "List by A. Lister, CC BY 4.0.",
        2,
    )
    assert (source["quarantined"], source["blanks"], f"{source['last_on']}") == (1, 1, "2024-01-02")
    capture = ledger.query("FROM captures WHERE role = 'response'").row(0, named=True)
    assert {row["capture_id"] for row in offers} == {capture["capture_id"]}
    file, mapping = read_archive(ledger.storage.home / capture["warc_file"], ledger.storage.home).captures
    assert file.body == path.read_bytes()
    assert Mapping.model_validate_json(mapping.body) == parsed("a_list", LIST)
    refused = ledger.query("FROM quarantine").row(0, named=True)
    assert (json.loads(refused["record"])["#"], refused["reason"]) == (5, "'cheap' holds no amount")
    assert one(ledger, "SELECT flow, origin, sources_ok, sources_failed FROM runs") == (
        "import",
        "imported",
        2,
        1,
    )


def test_a_second_import_of_the_same_file_adds_nothing(tmp_path: Path, ledger: Ledger) -> None:
    path = many(tmp_path / "list.csv")
    assert import_history(request(ledger, path), ledger).accepted == 100
    tables = ("offers", "scrapes", "captures", "origins", "quarantine", "findings", "runs")
    before = {table: one(ledger, f"SELECT count(*) FROM {table}") for table in tables}
    again = import_history(request(ledger, path), ledger)
    assert (again.added, again.accepted) == (0, 0)
    assert {table: one(ledger, f"SELECT count(*) FROM {table}") for table in tables} == before
    assert len(list((ledger.storage.home / "raw").rglob("*.warc.gz"))) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from flows.history.importer import ImportRequest, import_history
from scrapers.history.mappings import load
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage

append, calls = Ledger.append_frames, []

def killed_at_the_third(self, frames):
    calls.append(frames)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    append(self, frames)

Ledger.append_frames = killed_at_the_third
home, path, mapping = map(Path, sys.argv[1:])
with Ledger(FileStorage(home)) as ledger:
    import_history(ImportRequest(home, path, load(str(mapping)), rows=10), ledger)
"""


def test_an_import_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path, mapping, home = many(tmp_path / "list.csv"), tmp_path / "a_list.toml", tmp_path / "home"
    mapping.write_bytes(LIST)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, home, path, mapping], check=False, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with Ledger(FileStorage(home)) as ledger:
        assert one(ledger, "SELECT count(*), count(DISTINCT slot) FROM history_offers") == (20, 4)
        result = import_history(ImportRequest(home, path, load(str(mapping)), rows=10), ledger)
        assert (result.snapshots, result.added) == (20, 16)
        assert one(ledger, "SELECT count(*), count(DISTINCT offer_id) FROM history_offers") == (100, 100)
        assert one(ledger, "SELECT count(*) FROM captures WHERE role = 'response'") == (1,)
        assert one(ledger, "SELECT row_count, records FROM history_sources") == (100, 100)
    assert not list(home.glob(".gpuledger-*"))


def test_a_file_out_of_order_is_stored_as_one_in_order_is(tmp_path: Path, ledger: Ledger) -> None:
    path = many(tmp_path / "list.csv")
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    shuffled = tmp_path / "shuffled.csv"
    shuffled.write_text("\n".join([header, *sorted(lines, key=lambda line: line[::-1])]), encoding="utf-8")
    import_history(request(ledger, path, rows=10), ledger)
    ordered = ledger.query("SELECT slot, offer_key, usd_per_hour FROM history_offers ORDER BY ALL")
    other = parsed("shuffled", LIST)
    import_history(request(ledger, shuffled, mapping=other, rows=10), ledger)
    query = "SELECT slot, offer_key, usd_per_hour FROM history_offers WHERE source = $source ORDER BY ALL"
    assert ledger.query(query, {"source": "history:shuffled"}).equals(ordered)


def test_of_two_prices_for_one_thing_the_first_is_kept_and_the_other_refused_with_both(
    tmp_path: Path, ledger: Ledger
) -> None:
    lines = [(0, "same", "1"), (0, "same", "1"), (0, "torn", "8"), (0, "torn", "16"), (0, "torn", "8")]
    result = import_history(request(ledger, listed(tmp_path / "l.csv", [*lines, (0, "alone", "3")])), ledger)
    found = ledger.query("SELECT offer_key, offer_id, usd_per_hour FROM history_offers ORDER BY ALL").rows()
    assert found == [("alone", "L7", 3.0), ("same", "L2", 1.0), ("torn", "L4", 8.0)]
    assert result.read.readings == result.accepted + result.refused == 6
    assert dict(result.duplicates) == {
        "another record says the same": 2,
        "another record of the same key says otherwise": 1,
    }
    refused = ledger.query("SELECT record->>'#' AS line, reason FROM quarantine ORDER BY ALL").rows()
    assert refused == [
        ("3", "another record says the same"),
        (
            "5",
            "torn, on_demand is listed twice, with usd_per_hour 8.0 and 16.0, usd_per_gpu_hour 1.0 and 2.0, "
            "price_as_shown 8 and 16",
        ),
        ("6", "another record says the same"),
    ]


def test_the_newest_record_of_a_snapshot_is_kept(tmp_path: Path, ledger: Ledger) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "when,machine,usd\n2024-01-01T06:00:00Z,m,1\n2024-01-01T18:00:00Z,m,3\n2024-01-01T12:00:00Z,m,2\n",
        encoding="utf-8",
    )
    daily = parsed("a_list", LIST.replace(b'cadence = "stamped"', b'cadence = "daily"'))
    result = import_history(request(ledger, path, mapping=daily), ledger)
    assert one(ledger, "SELECT list(usd_per_hour) FROM history_offers") == ([3.0],)
    assert dict(result.duplicates) == {"a later record of the same snapshot is current": 2}


def test_a_newer_edition_adds_its_new_snapshots_and_replaces_only_when_asked(
    tmp_path: Path, ledger: Ledger
) -> None:
    import_history(request(ledger, listed(tmp_path / "old.csv", [(0, "m", "1"), (1, "m", "2")])), ledger)
    newer = listed(tmp_path / "new.csv", [(0, "m", "10"), (1, "m", "20"), (2, "m", "30")])
    result = import_history(request(ledger, newer), ledger)
    prices = "SELECT list(usd_per_hour ORDER BY slot) FROM history_offers"
    assert (result.added, result.elsewhere, one(ledger, prices)) == (1, 2, ([1.0, 2.0, 30.0],))
    assert import_history(request(ledger, newer, replace=True), ledger).added == 2
    assert one(ledger, prices) == ([10.0, 20.0, 30.0],)
    assert one(ledger, "SELECT count(*) FROM offers") == (5,)


def test_parts_of_a_data_set_stand_side_by_side(tmp_path: Path, ledger: Ledger) -> None:
    for part, price in (("east", "1"), ("west", "2")):
        path = listed(tmp_path / f"{part}.csv", [(0, "m", price)])
        import_history(request(ledger, path, part=part), ledger)
    found = ledger.query("SELECT source, usd_per_hour FROM history_offers ORDER BY ALL").rows()
    assert found == [("history:a_list.east", 1.0), ("history:a_list.west", 2.0)]


def test_a_mended_mapping_replaces_what_it_read_before_also_where_moments_move(
    tmp_path: Path, ledger: Ledger
) -> None:
    path = many(tmp_path / "list.csv", days=3, machines=1)
    import_history(request(ledger, path), ledger)
    mended = parsed("a_list", LIST.replace(b'cadence = "stamped"', b'cadence = "daily"'))
    import_history(request(ledger, path, mapping=mended), ledger)
    slots = ledger.query("SELECT slot FROM history_offers ORDER BY slot")["slot"].to_list()
    assert slots == [FIRST.replace(hour=0) + timedelta(days=day) for day in range(3)]


def test_a_file_that_is_all_refused_is_remembered_as_such(tmp_path: Path, ledger: Ledger) -> None:
    path = listed(tmp_path / "list.csv", [(0, "m", "0"), (0, "n", "none")])
    result = import_history(request(ledger, path), ledger)
    assert (result.accepted, result.refused) == (0, 2)
    assert one(ledger, "SELECT status, error FROM scrapes") == ("failed", "all 2 rows were refused")
    assert import_history(request(ledger, path), ledger).added == 0


def test_a_history_is_verified_from_its_archived_file_and_mapping(tmp_path: Path) -> None:
    home = tmp_path / "home"
    timeless = parsed("timeless", LIST.replace(b'columns = ["when"]', b"columns = []"))
    with Ledger(FileStorage(home)) as ledger:
        import_history(request(ledger, many(tmp_path / "list.csv", days=3)), ledger)
        path = listed(tmp_path / "one.csv", [(0, "m", "4")])
        import_history(request(ledger, path, mapping=timeless, at="2024-05-06", part="east"), ledger)
    FileStorage(home).publish()
    assert [
        (verdict.state, verdict.source, verdict.figure) for verdict in verify_histories(Installation(home))
    ] == [
        ("MATCH", "history:a_list", "offers of list.csv: 15 rows"),
        ("MATCH", "history:timeless.east", "offers of one.csv: 1 rows"),
    ]
    with Ledger(FileStorage(home)) as ledger:
        ledger._connection.execute(
            "UPDATE offers SET usd_per_hour = 9.5 WHERE offer_id = 'L4' AND slot < '2024-01-02'"
        )
    FileStorage(home).publish()
    (wrong, _) = verify_histories(Installation(home))
    assert (wrong.state, wrong.detail) == ("MISMATCH", "1 of 3 snapshots are derived otherwise")
    (archive,) = (home / "raw").rglob("history.timeless*.warc.gz")
    archive.unlink()
    assert [verdict.state for verdict in verify_histories(Installation(home), ["history:timeless.east"])] == [
        "UNVERIFIED"
    ]


def test_simulated_nights_and_imported_prices_never_share_a_ledger(tmp_path: Path, ledger: Ledger) -> None:
    path = many(tmp_path / "list.csv", days=1)
    import_history(request(ledger, path), ledger)
    with pytest.raises(OriginsMixed, match="holds real nights"):
        refuse_origin("simulated", ledger.storage.home, ledger)
    refuse_origin("live", ledger.storage.home, ledger)
    with Ledger(FileStorage(tmp_path / "demo")) as demo:
        demo.append_run(RunSummary("r", "nightly", "simulated", FIRST).row())
        with pytest.raises(OriginsMixed, match="holds simulated nights"):
            import_history(request(demo, path), demo)


def test_a_data_set_in_parts_asks_which(tmp_path: Path, ledger: Ledger) -> None:
    with pytest.raises(MappingError, match=r"--part which this is: .*aws"):
        import_history(request(ledger, many(tmp_path / "l.csv"), mapping=load("gpuhunt")), ledger)


@pytest.mark.parametrize(
    ("name", "part"), [("facts", ""), ("a_list", "../up"), ("a list", ""), ("a_list", "x.y")]
)
def test_a_name_that_cannot_name_a_source_is_refused(
    tmp_path: Path, ledger: Ledger, name: str, part: str
) -> None:
    path = many(tmp_path / "list.csv")
    with pytest.raises(MappingError, match="name"):
        import_history(request(ledger, path, mapping=parsed(name, LIST), part=part), ledger)
    assert not (ledger.storage.home / "raw").exists()


def test_the_command_imports_reports_and_repeats(
    tmp_path: Path, gpuledger: Callable[..., Any], gpuledger_anew: Callable[..., Any]
) -> None:
    mapping, home = tmp_path / "a_list.toml", tmp_path / "home"
    mapping.write_bytes(LIST)
    plain = listed(tmp_path / "list.csv", [(0, "m", "98.32"), (1, "m", "nil")])
    packed = tmp_path / "list.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    ran = gpuledger_anew("history", "import", packed, "--mapping", mapping, "--home", home)
    assert ran.returncode == 0, ran.stderr
    assert "history:a_list: 1 rows of 2 snapshots added, 1 quarantined, 0 blank" in ran.stdout
    again = gpuledger("history", "import", packed, "--mapping", mapping, "--home", home)
    assert "history:a_list: nothing to add" in again.stdout
    told = json.loads(
        gpuledger("history", "import", plain, "--mapping", mapping, "--home", home, "--json").stdout
    )
    assert (told["records"], told["snapshots_of_another_file"], told["rows_added"]) == (2, 1, 0)
    with read_warehouse(FileStorage(home)) as connection:
        found = connection.sql("SELECT day::VARCHAR, p50 FROM history_daily").fetchall()
    assert found == [("2024-01-01", 12.29)]
    refused = gpuledger("history", "import", "nonesuch", plain, "--home", home)
    assert (refused.returncode, "no mapping 'nonesuch' is shipped" in refused.stderr) == (2, True)
    absent = gpuledger("history", "import", "gpurentalprices", tmp_path / "absent.json", "--home", home)
    assert (absent.returncode, "there is no file" in absent.stderr) == (2, True)
    listed_names = gpuledger("history", "list").stdout
    assert "gpurentalprices: GPU rental prices (CC BY 4.0)" in listed_names
