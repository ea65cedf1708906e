from pathlib import Path

import pytest

from scrapers.page import Notes, country_of, gibibytes, gpu_named, lookup
from scrapers.registry import PROVIDERS


def test_a_known_name_becomes_the_ledgers_and_keeps_what_was_shown() -> None:
    notes = Notes()
    gpu = gpu_named("NVIDIA A100-SXM4-80GB", notes)
    assert gpu.columns() == {
        "gpu_as_shown": "NVIDIA A100-SXM4-80GB",
        "gpu_model": "A100",
        "gpu_is_known": True,
        "gpu_form_factor": "SXM",
        "gpu_memory_gib": 80.0,
    }
    assert not notes.counts


def test_an_unknown_name_is_kept_as_shown_and_found() -> None:
    notes = Notes()
    gpu = gpu_named("Imaginary RTX 9999", notes, memory_gib=64)
    assert (gpu.model, gpu.known, gpu.memory_gib) == ("Imaginary RTX 9999", False, 64)
    assert notes.counts == {("unknown_gpu", "Imaginary RTX 9999"): 1}


@pytest.mark.parametrize(("one", "other"), [("A4000", "A40"), ("L40S", "L40"), ("RTX 4090D", "RTX 4090")])
def test_a_name_is_not_the_name_that_it_begins_with(one: str, other: str) -> None:
    assert gpu_named(one, Notes()).model != gpu_named(other, Notes()).model


def test_a_stated_memory_picks_the_variant_and_becomes_nominal() -> None:
    notes = Notes()
    assert gpu_named("A100 PCIE", notes, memory_gib=39.6).memory_gib == 40.0
    assert gpu_named("A100 PCIE", notes, memory_gib=79.6).memory_gib == 80.0
    assert gpu_named("L4", notes, memory_gib=22888 / 1024).memory_gib == 24.0
    assert gpu_named("A100 PCIE", notes).memory_gib is None
    assert not notes.counts


def test_a_memory_that_no_variant_has_is_kept_and_found() -> None:
    notes = Notes()
    assert gpu_named("RTX 4090", notes, memory_gib=48).memory_gib == 48
    assert gpu_named("V100-32G", notes, memory_gib=16).memory_gib == 16
    assert [kind for kind, _ in notes.counts] == ["disagreement", "disagreement"]


def test_a_form_factor_that_the_source_knows_fills_an_open_name() -> None:
    assert gpu_named("H100", Notes()).form_factor is None
    assert gpu_named("H100", Notes(), form_factor="SXM").form_factor == "SXM"


def test_a_region_has_a_country_and_an_unknown_one_is_found() -> None:
    notes = Notes()
    assert country_of("aws", "ap-northeast-3", notes) == "JP"
    assert country_of("aws", "moon-north-1", notes) is None
    assert notes.counts == {("unknown_region", "moon-north-1"): 1}


def test_old_region_names_lead_to_regions_that_exist() -> None:
    regions = lookup("aws", "regions")
    assert set(regions["legacy"].values()) <= set(regions["country"])
    assert not set(regions["legacy"]) & set(regions["country"])


@pytest.mark.parametrize("path", sorted(PROVIDERS.glob("*/regions.toml")), ids=lambda path: path.parent.name)
def test_countries_are_iso_codes(path: Path) -> None:
    countries = set(lookup(path.parent.name, "regions")["country"].values())
    assert all(len(code) == 2 and code.isascii() and code.isupper() for code in countries)


@pytest.mark.parametrize(
    ("shown", "gib"),
    [
        ("30 GB", 30),
        ("16GiB", 16),
        ("1.5 TB", 1536),
        ("81920 MiB", 80),
        ("1,024 GB", 1024),
        ("–", None),
        ("", None),
    ],
)
def test_memory_is_read_in_gib(shown: str, gib: float | None) -> None:
    assert gibibytes(shown) == gib


@pytest.mark.parametrize("shown", ["lots", "30", "GB", "30 cores"])
def test_words_that_are_no_size_are_refused(shown: str) -> None:
    with pytest.raises(ValueError, match="not a memory size"):
        gibibytes(shown)
