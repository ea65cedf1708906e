"""How often the watch speaks on real histories of other people's nights: seldom, and seldom wrongly.

The histories are not this project's to publish, so the tests skip where they are absent. What they count is
printed in the data quality page.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import polars as pl
import pytest

from expectations.anomalies import HISTORY, Night, alarms

HISTORIES = {
    "gpurentalprices_daily_offers": ("date", "gpu", ["gpu", "kind", "vram_gb", "min_gpus"], "usd_hr"),
    "becloudready_gpu_prices_daily": ("commit_time", "gpu_model", ["gpu_model", "price_raw"], "price_usd"),
}


def nights(path: Path, name: str) -> dict[str, list[Night]]:
    """Every provider's nights of a history, oldest first."""
    when, model, keys, price = HISTORIES[name]
    frame = pl.read_csv(path, infer_schema_length=None).with_columns(day=pl.col(when).str.slice(0, 10))
    found: dict[str, list[Night]] = {}
    for (provider, day), part in frame.sort("day").group_by("provider", "day", maintain_order=True):
        found.setdefault(provider, []).append(
            Night(
                slot=datetime.fromisoformat(day).replace(tzinfo=UTC),
                rows=part.height,
                prices=int(part.select([*keys, price]).hash_rows().sort().implode().hash()[0]),
                captures=None,
                middle=part[price].median(),
                models=frozenset(part[model].drop_nulls().to_list()),
            )
        )
    return found


@pytest.mark.parametrize("name", HISTORIES)
def test_real_histories_raise_few_alarms(captures_dir: Path, name: str) -> None:
    told: Counter[str] = Counter()
    watched = 0
    histories = nights(captures_dir / "history" / f"{name}.csv.gz", name)
    for of_provider in histories.values():
        for end in range(HISTORY + 1, len(of_provider) + 1):
            watched += 1
            told.update(alarm.kind for alarm in alarms(of_provider[:end]))
    assert watched > 500
    assert told.total() / watched < 0.02
    text = (resources.files("reports") / "false_alarms.toml").read_text(encoding="utf-8")
    (printed,) = [one for one in tomllib.loads(text)["history"] if one["file"] == name]
    counted = {"sources": len(histories), "nights": watched, "alarms": told.total()}
    assert {key: printed[key] for key in counted} == counted
