from datetime import UTC, datetime

import pytest

from scrapers.formats.rendered_page import RenderedPage
from scrapers.page import Capture, Html, PageBroken
from scrapers.page.capture import Role

SHELL = b'<body><main id="plans"></main><script src="/plans.js"></script></body>'
RENDERED = b'<body><main id="plans"><h2>Pro</h2></main><script src="/plans.js"></script></body>'


def capture(body: bytes, role: Role) -> Capture:
    at = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)
    return Capture("acme.plans", "https://acme.example/plans", at, 200, "text/html", body, role)


def test_the_rendered_page_is_read_and_not_the_shell_that_was_served() -> None:
    captures = [capture(SHELL, "response"), capture(b"{}", "resource"), capture(RENDERED, "rendered")]
    (page,) = RenderedPage().documents(captures)
    assert isinstance(page, Html)
    assert page.texts == ("Pro",)


def test_a_page_that_was_never_rendered_is_broken() -> None:
    with pytest.raises(PageBroken, match="no rendered page"):
        RenderedPage().documents([capture(SHELL, "response")])


def test_a_page_that_was_served_in_part_is_broken_though_the_browser_has_completed_it() -> None:
    captures = [capture(b"<table><tr><td>$1", "response"), capture(RENDERED, "rendered")]
    with pytest.raises(PageBroken, match="breaks off in the middle of a table"):
        RenderedPage().documents(captures)
