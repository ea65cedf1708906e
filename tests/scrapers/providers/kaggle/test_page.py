from collections.abc import Callable
from typing import Any

import pytest

from scrapers.providers.kaggle import page
from scrapers.rows import Html, PageBroken

NOTEBOOKS = """<h2>Technical Specifications</h2><ul>
<li>12 hours execution time for CPU and GPU notebook sessions and 9 hours for TPU notebook sessions</li>
<li>20 Gigabytes of auto-saved disk space</li></ul>
<h3>P100 GPU</h3><ul><li>1 Nvidia Tesla P100 GPU</li><li>4 CPU cores</li><li>29 Gigabytes of RAM</li></ul>
<h3>T4 x2 GPU</h3><p>Phone verification is required.</p>"""
QUOTAS = "<p>The quota is 30 hours of GPU per week. There are 20 hours of TPU per week.</p>"


def test_every_limit_is_read_with_its_words(html: Callable[..., Html], answered: Any) -> None:
    found = answered(page.terms, [html(NOTEBOOKS), html(QUOTAS)]).terms
    values = {key: row["value_number"] or row["value_text"] for key, row in found.items()}
    assert values == {
        ("Free", "session_hours"): 12,
        ("Free TPU", "session_hours"): 9,
        ("Free", "weekly_gpu_hours"): 30,
        ("Free TPU", "weekly_tpu_hours"): 20,
        ("Free", "storage_gib"): 20,
        ("Free", "idle_minutes"): None,
        ("Free", "vcpus"): 4,
        ("Free", "ram_gib"): 29,
        ("Free", "gpu_models"): "P100",
        ("Free T4 x2", "gpu_models"): "T4 x2",
        ("Free", "requires_phone"): "Phone verification is required",
    }
    assert found["Free", "requires_phone"]["state"] == "present"
    assert found["Free", "weekly_gpu_hours"]["quote"] == "The quota is 30 hours of GPU per week."


def test_silence_is_unknown_and_not_absent(html: Callable[..., Html], answered: Any) -> None:
    found = answered(page.terms, [html(NOTEBOOKS)]).terms
    assert found["Free", "weekly_gpu_hours"]["state"] == "unknown"


def test_a_page_that_says_nothing_known_is_broken(html: Callable[..., Html], answered: Any) -> None:
    with pytest.raises(PageBroken, match="no page says"):
        answered(page.terms, [html("<p>Loading…</p>")])
