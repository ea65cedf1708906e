from collections.abc import Callable
from typing import Any

import pytest

from scrapers.page import Html, PageBroken
from scrapers.providers.vertex_ai import page

IOWA = '<div role="option" aria-selected="true" data-value="Iowa (us-central1)">Iowa</div>'


def table(heading: str, price: str) -> str:
    head = "<tr><th>Machine type</th><th>Price (USD)</th></tr>"
    other = "<tr><td>n1-standard-4</td><td>$0.21 / 1 hour</td></tr>"
    return f"<h3>{heading}</h3><table>{head}<tr><td>a2-highgpu-8g</td><td>{price}</td></tr>{other}</table>"


def test_training_is_read_and_prediction_is_not(html: Callable[..., Html], answered: Any) -> None:
    text = IOWA + table("Training", "$35.4 / 1 hour") + table("Prediction", "$40.7 / 1 hour")
    found = answered(page.training, [html(text)])
    assert found.in_full == [
        {
            "offer_key": "us-central1:a2-highgpu-8g",
            "instance_type": "a2-highgpu-8g",
            "region": "us-central1",
            "country": "US",
            "pricing_model": "on_demand",
            "usd_per_hour": 35.4,
            "usd_per_gpu_hour": 4.425,
            "price_as_shown": "$35.4 / 1 hour",
            "currency": "USD",
            "gpu_as_shown": "A100 SXM4 40GB",
            "gpu_model": "A100",
            "gpu_is_known": True,
            "gpu_form_factor": "SXM",
            "gpu_memory_gib": 40,
            "gpu_count": 8,
            "availability": "unknown",
        }
    ]


@pytest.mark.parametrize(
    "text", [IOWA, IOWA + table("Prediction", "$1 / 1 hour"), table("Training", "$1 / hour")]
)
def test_a_page_without_training_or_region_is_broken(
    html: Callable[..., Html], answered: Any, text: str
) -> None:
    with pytest.raises(PageBroken):
        answered(page.training, [html(text)])


def test_a_price_that_is_none_is_refused(html: Callable[..., Html], answered: Any) -> None:
    found = answered(page.training, [html(IOWA + table("Training", "Contact sales"))])
    assert (found.rows, len(found.refused)) == ([], 1)
