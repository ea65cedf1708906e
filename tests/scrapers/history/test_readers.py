"""Files as text: true lines, broken records kept, the same records in every kind of file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from scrapers.history.mapping import File, MappingError
from scrapers.history.readers import LINE, Batch, batches


def read(path: Path, file: File | None = None, size: int = 50_000) -> list[Batch]:
    return list(batches(path, file or File(), size))


def rows(found: list[Batch]) -> list[dict[str, Any]]:
    return [row for batch in found for row in batch.frame.to_dicts()]


def test_a_record_has_the_line_it_begins_on_also_after_a_cell_of_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('name,usd\n"two\nlines",1\nlast,2\n', encoding="utf-8")
    assert [(row[LINE], row["usd"]) for row in rows(read(path))] == [(2, "1"), (4, "2")]


def test_a_record_of_too_many_cells_is_kept_with_its_line_and_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,usd\na,1\nb,2,3\nc\nd,4\n", encoding="utf-8")
    (batch,) = read(path)
    assert [row["name"] for row in rows([batch])] == ["a", "d"]
    assert [(line, reason) for line, reason, _ in batch.broken] == [
        (3, "3 cells under 2 names"),
        (4, "1 cells under 2 names"),
    ]
    assert json.loads(batch.broken[0][2]) == ["b", "2", "3"]


def test_blank_cells_are_null_and_numbers_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,usd\n  ,1.50\n", encoding="utf-8")
    assert rows(read(path)) == [{LINE: 2, "name": None, "usd": "1.50"}]


@pytest.mark.parametrize("records", [0, 9, 10, 25, 30])
def test_batches_hold_no_more_than_asked_and_lose_nothing_between_them(tmp_path: Path, records: int) -> None:
    path = tmp_path / "a.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("n\n" + "".join(f"{number}\n" for number in range(records)))
    found = read(path, size=10)
    assert max(batch.frame.height for batch in found) <= 10
    assert [row["n"] for row in rows(found)] == [str(number) for number in range(records)]
    assert found[-1].position == path.stat().st_size


def test_csv_json_lines_json_yaml_and_parquet_give_the_same_records(tmp_path: Path) -> None:
    records = [{"name": "a", "usd": "1.25"}, {"name": "b", "usd": None}]
    (tmp_path / "r.csv").write_text("name,usd\na,1.25\nb,\n", encoding="utf-8")
    lines = '{"name": "a", "usd": 1.25}\n{"name": "b", "usd": null}\n'
    (tmp_path / "r.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "r.json").write_text(f'{{"all": [{lines.replace("}", "},", 1)}]}}', encoding="utf-8")
    (tmp_path / "r.yml").write_text(
        "all:\n  - {name: a, usd: 1.25}\n  - {name: b, usd: }\n", encoding="utf-8"
    )
    pl.DataFrame({"name": ["a", "b"], "usd": [1.25, None]}).write_parquet(tmp_path / "r.parquet")
    tree = File(trees=(("all", "[]"),))
    for name in ("r.csv", "r.jsonl", "r.json", "r.yml", "r.parquet"):
        found = rows(read(tmp_path / name, tree if name in {"r.json", "r.yml"} else None))
        assert [{key: row[key] for key in ("name", "usd")} for row in found] == records, name


def test_a_tree_names_keys_and_hands_down_what_it_passes(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(
        '{"day": "2026-01-01", "cost": {"a2": {"cpu": 12, "us": {"hour": 3.6730}}}}', encoding="utf-8"
    )
    (row,) = rows(read(path, File(trees=(("cost", "{type}", "{region}"),))))
    assert row == {LINE: 1, "day": "2026-01-01", "type": "a2", "cpu": "12", "region": "us", "hour": "3.6730"}


def test_a_line_that_is_no_json_is_kept_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"n": 1}\n{"n": \n{"n": 3}\n', encoding="utf-8")
    (batch,) = read(path)
    assert [(row[LINE], row["n"]) for row in rows([batch])] == [(1, "1"), (3, "3")]
    assert batch.broken[0][0] == 2


def test_a_file_whose_first_line_is_no_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("55,55\n", encoding="utf-8")
    with pytest.raises(MappingError, match=r"file\.names"):
        read(path)
    assert rows(read(path, File(names=("a", "b")))) == [{LINE: 1, "a": "55", "b": "55"}]
