from datetime import UTC, datetime

import pytest

from scrapers.formats.yaml_file import YamlFile
from scrapers.page import Capture, PageBroken

AT = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)


def capture(body: bytes) -> Capture:
    return Capture("a.b", "https://example.com/prices.yml", AT, 200, "text/plain", body)


def test_a_file_is_its_values() -> None:
    assert YamlFile().opened(capture(b"a:\n  hour: 1.50\n")).value == {"a": {"hour": 1.5}}


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
        YamlFile().opened(capture(body))


@pytest.mark.parametrize("deep", [b"a: " + b"[" * 100_000, b"- " * 100_000, b"a: " + b"{a: " * 100_000])
def test_a_file_that_is_nested_too_deep_is_broken_and_ends_nothing_else(deep: bytes) -> None:
    with pytest.raises(PageBroken, match="nested more than 100 levels deep"):
        YamlFile().opened(capture(deep))


def test_a_file_that_ends_inside_a_line_is_broken_though_it_is_yaml() -> None:
    with pytest.raises(PageBroken, match=r"breaks off in the middle of a line; it ends 'a:\\n  hour: 1\.5'"):
        YamlFile().opened(capture(b"a:\n  hour: 1.5"))
