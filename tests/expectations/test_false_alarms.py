"""How often the detector speaks on real histories of others: seldom, and seldom wrongly.

The histories are not this project's to publish, so the tests skip where they are absent. What they count is
printed in the data quality page.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import polars as pl
import pytest

from expectations.anomalies import SnapshotSummary, anomalies
from expectations.limits import DETECTOR
from warehouse.limits import Cadence

_NAMES: dict[Cadence, tuple[int, str]] = {"nightly": (10, "T00:00"), "hourly": (13, ":00")}


@dataclass(frozen=True)
class History:
    """How a history is read: its cadence, and its columns of time, source, GPU model, key and price."""

    cadence: Cadence
    when: str
    source: str
    model: str
    keys: tuple[str, ...]
    price: str
    scope: str = ""

    def summaries(self, path: Path) -> dict[str, list[SnapshotSummary]]:
        """Every source's snapshots, oldest first; of an hour with several the first."""
        frame = pl.read_csv(path, infer_schema_length=None)
        if self.scope:
            frame = frame.filter(pl.col("scope") == self.scope)
        letters, rest = _NAMES[self.cadence]
        name = pl.col(self.when).str.slice(0, letters) + rest
        slot = name.str.to_datetime("%Y-%m-%dT%H:%M", time_zone="UTC", strict=False)
        frame = frame.with_columns(slot=slot).drop_nulls("slot").sort("slot", self.when)
        if self.cadence == "hourly":
            frame = frame.filter(pl.col(self.when) == pl.col(self.when).min().over("slot", self.source))
        found: dict[str, list[SnapshotSummary]] = {}
        for (source, at), part in frame.group_by(self.source, "slot", maintain_order=True):
            found.setdefault(source, []).append(
                SnapshotSummary(
                    slot=at,
                    rows=part.height,
                    prices=int(part.select([*self.keys, self.price]).hash_rows().sort().implode().hash()[0]),
                    captures=None,
                    middle=part[self.price].median(),
                    models=frozenset(part[self.model].drop_nulls().to_list()),
                )
            )
        return found


HISTORIES = {
    "gpurentalprices_daily_offers": History(
        "nightly", "date", "provider", "gpu", ("gpu", "kind", "vram_gb", "min_gpus"), "usd_hr"
    ),
    "becloudready_gpu_prices_daily": History(
        "nightly", "commit_time", "provider", "gpu_model", ("gpu_model", "price_raw"), "price_usd"
    ),
    "tugot17_prime_intellect_30min": History(
        "hourly", "timestamp", "key", "gpu_type", ("gpu_type", "socket", "count", "min"), "avg", "provider"
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_real_histories_raise_few_anomalies(captures_dir: Path, name: str) -> None:
    cadence = HISTORIES[name].cadence
    histories = HISTORIES[name].summaries(captures_dir / "history" / f"{name}.csv.gz")
    raised: Counter[str] = Counter()
    judged = 0
    for history in histories.values():
        for place in range(DETECTOR[cadence].least_snapshots, len(history)):
            judged += 1
            found = anomalies(history[:place], history[place], cadence)
            raised.update(anomaly.kind for anomaly in found)
    assert judged > 500
    assert raised.total() / judged < 0.02
    text = (resources.files("reports") / "false_alarms.toml").read_text(encoding="utf-8")
    (printed,) = [one for one in tomllib.loads(text)["history"] if one["file"] == name]
    counted = {
        "cadence": cadence,
        "sources": len(histories),
        "snapshots": judged,
        "anomalies": raised.total(),
    }
    assert {key: printed[key] for key in counted} == counted
