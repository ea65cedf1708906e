from collections.abc import Callable
from typing import Any

import pytest

from scrapers.page import Html, PageBroken
from scrapers.providers.kaggle import page

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


@pytest.mark.parametrize(
    ("text", "gpu", "tpu"),
    [
        ("You can use TPUs up to 20 hours per week and up to 9 hours at a time.", None, 20),
        ("Use of GPUs is limited to 30 hours per week.", 30, None),
        ("TPU v3-8: 20 hours per week. GPU: 30 hours per week.", 30, 20),
        ("There are 30 hours per week of GPU and 20 hours per week of TPU.", 30, 20),
        ("There are 30 hours per week.", None, None),
    ],
)
def test_a_quota_belongs_to_the_accelerator_that_is_named(
    html: Callable[..., Html], answered: Any, text: str, gpu: float | None, tpu: float | None
) -> None:
    found = answered(page.terms, [html(f"<p>{text}</p><p>4 CPU cores</p>")])
    assert found.terms["Free", "weekly_gpu_hours"]["value_number"] == gpu
    assert found.terms["Free TPU", "weekly_tpu_hours"]["value_number"] == tpu
    assert not found.notes.counts


def test_a_session_on_tpus_is_not_one_on_gpus(html: Callable[..., Html], answered: Any) -> None:
    found = answered(page.terms, [html("<p>9 hours execution time for TPU notebook sessions.</p>")]).terms
    assert found["Free", "session_hours"]["state"] == "unknown"
    assert found["Free TPU", "session_hours"]["value_number"] == 9


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Phone verification is required.", "present"),
        ("To use a GPU, verify your phone number.", "present"),
        ("Phone verification is no longer needed.", "absent"),
        ("You do not have to verify your phone number.", "absent"),
        ("Your phone is charged.", "unknown"),
    ],
)
def test_a_denial_is_not_a_requirement(
    html: Callable[..., Html], answered: Any, text: str, state: str
) -> None:
    found = answered(page.terms, [html(f"<p>{text}</p><p>4 CPU cores</p>")])
    assert found.terms["Free", "requires_phone"]["state"] == state
    assert not found.notes.counts


def test_a_page_that_says_nothing_known_is_broken(html: Callable[..., Html], answered: Any) -> None:
    with pytest.raises(PageBroken, match="no page says"):
        answered(page.terms, [html("<p>Loading…</p>")])
