from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import Capture
from scrapers.parse import parse
from scrapers.registry import Source, load_provider

NIGHT = datetime(2026, 9, 21, 3, tzinfo=UTC)
GONE = """
title = "Acme GPUs"
kind = "cloud"
status = "gone"
homepage = "https://acme.example"
what_happened = "It shut down."
evidence = ["https://acme.example/goodbye"]

[source.liveness]
title = "Whether Acme is back"
format = "liveness"
words = ["Acme", "GPU"]

[[source.liveness.request]]
url = "https://acme.example"
"""
BACK = "<title>Acme</title><p>Rent a gpu by the hour.</p>"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "provider.toml").write_text(GONE, encoding="utf-8")
    return load_provider(folder).sources["liveness"]


def term(source: Source, html: str, url: str = "https://acme.example") -> dict[str, Any]:
    capture = Capture(source.id, url, NIGHT, 200, "text/html", html.encode())
    (row,) = parse(source, [capture], slot=NIGHT, run_id="r").frames["terms"].to_dicts()
    return row


def test_a_page_with_the_providers_words_counts_as_a_return(source: Source) -> None:
    row = term(source, BACK)
    assert (row["tier"], row["term"], row["state"]) == ("service", "in_service", "present")
    assert (row["value_text"], row["quote"]) == ("HTTP 200 from acme.example", "Acme")


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ("<title>This domain is for sale</title><p>Acme might be yours.</p>", "https://acme.example"),
        ("<title>Acme</title><script>var sells = 'GPU'</script>", "https://acme.example"),
        (BACK, "https://parking.example"),
    ],
    ids=["parked", "words in a script", "another host"],
)
def test_a_parked_domain_does_not(source: Source, html: str, url: str) -> None:
    assert term(source, html, url)["state"] == "absent"
