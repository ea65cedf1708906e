"""Mappings: what is shipped loads, and what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrapers.history.mapping import MappingError
from scrapers.history.mappings import load, parsed, shipped

PLAIN = """
[origin]
title = "T"
publisher = "P"
licence = "L"
url = "https://example.com/data"
obtain = "ask"
rows_are = "snapshots"

[time]
columns = ["day"]
cadence = "daily"

[[rows]]
table = "offers"
key = ["machine"]

[rows.columns]
provider = { constant = "p" }

[[rows.prices]]
column = "usd"
per = "machine"
pricing_model = "on_demand"
currency = "USD"
blank = "missing"
"""


def test_every_shipped_mapping_loads_and_says_whose_data_it_is() -> None:
    assert len(shipped()) >= 8
    for name in shipped():
        origin = load(name).origin
        assert origin.url.startswith("https://") and origin.publisher and origin.licence and origin.obtain, (
            name
        )


def test_the_one_data_set_that_asks_for_attribution_has_it() -> None:
    origin = load("gpurentalprices").origin
    assert (origin.licence, origin.licence_url) == (
        "CC BY 4.0",
        "https://creativecommons.org/licenses/by/4.0/",
    )
    assert "gpurentalprices.com" in origin.attribution


@pytest.mark.parametrize(
    ("was", "becomes", "named"),
    [
        ('per = "machine"', 'per = "rack"', "rows.0.prices.0.per"),
        ('blank = "missing"', 'blank = "nought"', "rows.0.prices.0.blank"),
        ('blank = "missing"', "", "rows.0.prices.0.blank"),
        ('licence = "L"\n', "", "origin.licence"),
        ('key = ["machine"]', "", "give the columns of `key`"),
        ('pricing_model = "on_demand"', 'pricing_model = "kind"', "on_demand"),
        ('pricing_model = "on_demand"', 'pricing_model = { column = "k", constant = "c" }', "pricing_model"),
        ('blank = "missing"', 'blank = "carried forward"', "changes"),
        ('provider = { constant = "p" }', 'supplier = { constant = "p" }', "supplier"),
        ('provider = { constant = "p" }', 'slot = "day"\nprovider = "p"', "slot"),
        ('cadence = "daily"', 'cadence = "daily"\nzoom = 1', "time.zoom"),
        ('cadence = "daily"', 'cadence = "daily"\nzone = "Europe/Atlantis"', "Europe/Atlantis"),
        ("[[rows]]", "[derive]\nx = { of = 'y', pattern = '(' }\n[[rows]]", "derive.x.pattern"),
        ('{ constant = "p" }', '{ column = "p", words = "who" }', "[words.who]"),
        ("[origin]", "[origin", "TOML"),
        (
            'rows_are = "snapshots"',
            'rows_are = "snapshots"\nstanding = { estimated = "a guess" }',
            "standing",
        ),
    ],
)
def test_a_mapping_that_is_wrong_is_refused_by_the_key_that_is_wrong(
    was: str, becomes: str, named: str
) -> None:
    parsed("plain", PLAIN.encode())
    assert was in PLAIN
    with pytest.raises(MappingError, match="plain") as problem:
        parsed("plain", PLAIN.replace(was, becomes, 1).encode())
    assert named in str(problem.value)


def test_a_mapping_like_a_shipped_one_says_only_in_what_it_differs() -> None:
    base = load("gpurentalprices")
    other = parsed("mine", b'like = "gpurentalprices"\n[time]\ncadence = "hourly"\n')
    assert (other.time.cadence, other.time.columns) == ("hourly", base.time.columns)
    assert other.rows == base.rows
    assert other.version != base.version


def test_a_name_that_is_not_shipped_is_told_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="cyclenerd_gcp"):
        load("nonesuch")
    with pytest.raises(MappingError, match=r"there is no mapping"):
        load(str(tmp_path / "absent.toml"))


def test_the_example_of_the_documentation_is_a_mapping_and_every_shipped_one_is_told_of() -> None:
    text = (Path(__file__).parents[3] / "docs" / "history.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    mapping = parsed("example", example.encode())
    assert (mapping.time.columns, mapping.rows[0].prices[0].column) == (("when",), "usd")
    for name in shipped():
        assert f"| `{name}` |" in text
        assert load(name).origin.url in text
        assert (load(name).origin.attribution or "") in text
