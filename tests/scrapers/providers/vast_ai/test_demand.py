"""vast.ai's count of its supply: machines rented and free, shares in per cent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scrapers.page import Json, PageBroken
from scrapers.providers.vast_ai import page

RTX_4090 = {
    "gpu_name": "RTX 4090",
    "total": 1200,
    "available": 300,
    "rented_verified": 700,
    "avail_verified": 200,
    "rented_unverified": 200,
    "avail_unverified": 100,
    "usage": 75.0,
    "usage_30d": 71.5,
    "dlperf": 91.2,
    "price_median": 0.34,
}


def test_rented_and_free_are_added_up_and_shares_are_no_per_cent(
    payload: Callable[..., Json], answered: Any
) -> None:
    (row,) = answered(page.utilisation, [payload({"success": True, "gpus": [RTX_4090]})]).rows
    assert row.table == "utilisation"
    wanted = ("machines_total", "machines_rented", "machines_available", "share_rented", "share_rented_30d")
    assert [row.values[name] for name in wanted] == [1200, 900, 300, 0.75, 0.715]
    assert (row.values["gpu_model"], row.values["throughput"]) == ("RTX 4090", 91.2)


def test_a_count_that_is_missing_is_not_zero(payload: Callable[..., Json], answered: Any) -> None:
    less = {name: value for name, value in RTX_4090.items() if name not in {"rented_unverified", "usage"}}
    (row,) = answered(page.utilisation, [payload({"gpus": [less]})]).rows
    assert (row.values["machines_rented"], row.values["share_rented"]) == (None, None)


@pytest.mark.parametrize("value", [{"gpus": []}, {"detail": "Unauthorized"}, []])
def test_an_answer_without_gpus_is_broken(payload: Callable[..., Json], answered: Any, value: Any) -> None:
    with pytest.raises(PageBroken, match="counts no GPUs"):
        answered(page.utilisation, [payload(value)])
