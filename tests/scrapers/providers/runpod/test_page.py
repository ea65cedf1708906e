import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import Json, PageBroken
from scrapers.providers.runpod import page
from scrapers.registry import providers, sources


def gpu(name: str, secure: Any, community: Any, spot: Any = 0, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"NVIDIA {name}",
        "displayName": name,
        "memoryInGb": 80,
        "securePrice": secure,
        "communityPrice": community,
        "secureSpotPrice": spot,
        "communitySpotPrice": None,
        **fields,
    }


def answer(*types: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"gpuTypes": list(types)}}


def test_a_price_is_per_gpu_and_zero_is_not_offered(payload: Callable[..., Json], answered: Any) -> None:
    found = answered(page.gpu_types, [payload(answer(gpu("H100 SXM", 2.99, 0, 1.5)))])
    assert sorted(
        (r.values["offer_key"], r.values["pricing_model"], r.values["usd_per_gpu_hour"]) for r in found.rows
    ) == [
        ("NVIDIA H100 SXM:secure", "on_demand", 2.99),
        ("NVIDIA H100 SXM:secure", "spot", 1.5),
    ]


def test_parts_of_a_gpu_are_left_out(payload: Callable[..., Json], answered: Any) -> None:
    part = gpu("H100 MIG 1g", 0.5, 0.4)
    assert answered(page.gpu_types, [payload(answer(part))]).rows == []


@pytest.mark.parametrize("value", [answer(), {"data": None}, {"errors": []}, []])
def test_an_empty_answer_is_broken(payload: Callable[..., Json], answered: Any, value: Any) -> None:
    with pytest.raises(PageBroken):
        answered(page.gpu_types, [payload(value)])


def test_it_is_off_unless_someone_enables_it() -> None:
    assert "forbidding automated access" in providers()["runpod"].declared.why_disabled
    assert "runpod" not in {source.provider for source in sources()}
    assert "runpod" in {source.provider for source in sources(enable=["runpod"])}


def test_the_real_answer(captures_dir: Path, payload: Callable[..., Json], answered: Any) -> None:
    value = json.loads((captures_dir / "runpod" / "gputypes.2026-08.json").read_text(encoding="utf-8"))
    whole = [
        item for item in value["data"]["gpuTypes"] if "MIG" not in item["id"] and item["id"] != "unknown"
    ]
    prices = ("securePrice", "communityPrice", "secureSpotPrice", "communitySpotPrice")
    found = answered(page.gpu_types, [payload(value)])
    assert len(found.rows) == sum(bool(item[name]) for item in whole for name in prices)
    assert found.refused == []
