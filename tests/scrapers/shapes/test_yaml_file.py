from datetime import UTC, datetime

import pytest

from scrapers.rows import Capture, PageBroken
from scrapers.shapes import yaml_file

AT = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)


def capture(body: bytes) -> Capture:
    return Capture("a.b", "https://example.com/prices.yml", AT, 200, "text/plain", body)


def test_a_file_is_its_values() -> None:
    assert yaml_file.opened(capture(b"a:\n  hour: 1.50\n")).value == {"a": {"hour": 1.5}}


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><title>Not found</title>",
        b"",
        b"- a\n- b\n",
        b"a: [",
        b"\xff\xfe\x00",
        b"!!python/object/apply:os.system ['true']",
    ],
)
def test_what_is_no_mapping_is_broken_and_nothing_in_it_is_run(body: bytes) -> None:
    with pytest.raises(PageBroken, match="answered no YAML"):
        yaml_file.opened(capture(body))
