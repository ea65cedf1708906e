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


def test_every_way_of_selling_in_full(payload: Callable[..., Json], answered: Any) -> None:
    h100 = gpu("H100 SXM", 2.99, 2.69, 1.75, communitySpotPrice=1.5)
    unknown = gpu("unknown", 9, 9, 9, id="unknown")
    found = answered(page.gpu_types, [payload(answer(h100, unknown))])
    common = {
        "currency": "USD",
        "availability": "unknown",
        "gpu_as_shown": "H100 SXM",
        "gpu_model": "H100",
        "gpu_is_known": True,
        "gpu_form_factor": "SXM",
        "gpu_memory_gib": 80,
        "gpu_count": 1,
    }
    secure = common | {
        "offer_key": "NVIDIA H100 SXM:secure",
        "instance_type": "NVIDIA H100 SXM (secure cloud)",
        "datacenter": True,
    }
    community = common | {
        "offer_key": "NVIDIA H100 SXM:community",
        "instance_type": "NVIDIA H100 SXM (community cloud)",
        "datacenter": False,
    }
    assert found.in_full == [
        secure | priced("on_demand", 2.99),
        community | priced("on_demand", 2.69),
        secure | priced("spot", 1.75),
        community | priced("spot", 1.5),
    ]
    assert (found.refused, found.notes.counts) == ([], {})


def priced(pricing_model: str, price: float) -> dict[str, Any]:
    return {
        "pricing_model": pricing_model,
        "price_as_shown": str(price),
        "usd_per_hour": price,
        "usd_per_gpu_hour": price,
    }


def test_the_real_answer(captures_dir: Path, payload: Callable[..., Json], answered: Any) -> None:
    value = json.loads((captures_dir / "runpod" / "gputypes.2026-08.json").read_text(encoding="utf-8"))
    whole = [
        item for item in value["data"]["gpuTypes"] if "MIG" not in item["id"] and item["id"] != "unknown"
    ]
    prices = ("securePrice", "communityPrice", "secureSpotPrice", "communitySpotPrice")
    found = answered(page.gpu_types, [payload(value)])
    assert len(found.rows) == sum(bool(item[name]) for item in whole for name in prices)
    assert found.refused == []
