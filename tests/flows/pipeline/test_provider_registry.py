"""The registry in the ledger: declared once, appended when it changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.pipeline import provider_registry
from scrapers.registry import Provider, Registry, providers, shipped
from warehouse.ledger import Ledger
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

AT = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)


def test_a_declaration_is_appended_once_and_again_when_it_changes(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        assert provider_registry.register(ledger, shipped(), run_id="one", at=AT) == len(providers())
        assert provider_registry.register(ledger, shipped(), run_id="two", at=AT) == 0
        crestle = providers()["crestle"]
        back = Provider("crestle", crestle.declared.model_copy(update={"status": "active", "since": ""}))
        changed = Registry({**providers(), "crestle": back})
        assert provider_registry.register(ledger, changed, run_id="three", at=AT + timedelta(days=1)) == 1
        states = ledger.query(
            "SELECT status, since FROM providers WHERE provider = 'crestle' ORDER BY declared_at"
        )
        now = ledger.query("SELECT status FROM providers_now WHERE provider = 'crestle'").rows()
    assert states.rows() == [("gone", "2019-08-31"), ("active", None)]
    assert now == [("active",)]


def test_every_provider_of_the_seeds_is_in_the_registry_and_the_gone_have_evidence(demo_home: Path) -> None:
    with read_warehouse(FileStorage(demo_home)) as connection:
        rows = connection.sql("SELECT provider, status, len(evidence) FROM providers_now").fetchall()
    states = {provider: status for provider, status, _ in rows}
    assert {
        "aws", "aws_sagemaker", "azure", "deepnote", "digitalocean", "google_cloud", "google_colab", "ibm",
        "kaggle", "lambda_cloud", "oracle", "paperspace", "vast_ai", "vertex_ai",
    } <= {provider for provider, status in states.items() if status == "active"}  # fmt: skip
    gone = {"floydhub", "blobcity", "q_blocks", "vectordash", "salamander", "crestle", "snark_ai"}
    assert gone == {provider for provider, status in states.items() if status != "active"}
    assert all(evidence for _, status, evidence in rows if status != "active")
