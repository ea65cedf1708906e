import tomllib
from importlib import resources
from typing import Any

import pytest

from warehouse.gpu_catalog import gpu_by_alias
from warehouse.schema import OFFERS

CATALOGUE: list[dict[str, Any]] = tomllib.loads(
    (resources.files("warehouse") / "gpus.toml").read_text(encoding="utf-8")
)["gpu"]


@pytest.mark.parametrize(
    ("shown", "model", "form_factor"),
    [
        ("H100 SXM", "H100", "SXM"),
        ("NVIDIA H100 80GB HBM3", "H100", "SXM"),
        ("H100 PCIE", "H100", "PCIe"),
        ("H100 NVL", "H100", "NVL"),
        ("H100", "H100", None),
        ("A100 SXM4", "A100", "SXM"),
        ("Tesla V100", "V100", None),
        ("RTX 6000Ada", "RTX 6000 Ada", "card"),
        ("Q RTX 6000", "Quadro RTX 6000", "card"),
        ("RTX6000", "Quadro RTX 6000", "card"),
        ("RTX PRO 6000 S", "RTX PRO 6000", "PCIe"),
        ("RTX PRO 6000 WS", "RTX PRO 6000", "card"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090", "card"),
        ("rtx_4090", "RTX 4090", "card"),
        ("radeon-pro-v520", "Radeon Pro V520", "PCIe"),
        ("AMD Instinct MI300X", "MI300X", "OAM"),
        ("Gaudi HL-205", "Gaudi", "OAM"),
        ("Trainium2", "Trainium2", None),
        ("A4000", "RTX A4000", "card"),
        ("M4000", "Quadro M4000", "card"),
    ],
)
def test_the_names_of_the_field_are_known(shown: str, model: str, form_factor: str | None) -> None:
    entry = gpu_by_alias(shown)
    assert entry is not None
    assert (entry.model, entry.form_factor) == (model, form_factor)


@pytest.mark.parametrize("shown", ["", "RTX", "H1000", "A40000", "Imaginary RTX 9999"])
def test_a_name_is_matched_whole_or_not_at_all(shown: str) -> None:
    assert gpu_by_alias(shown) is None


@pytest.mark.parametrize(
    ("shown", "gib"), [("V100-32G", 32), ("V100 16GB", 16), ("A100-80G", 80), ("A100-40G", 40), ("T4", 16)]
)
def test_a_name_can_say_the_memory(shown: str, gib: float) -> None:
    entry = gpu_by_alias(shown)
    assert entry is not None
    assert entry.nominal_memory(None) == gib


@pytest.mark.parametrize(
    ("shown", "stated_mib", "gib"),
    [
        ("H100 SXM", 81559, 80),
        ("L4", 22888, 24),
        ("L40S", 45776, 48),
        ("A10G", 22888, 24),
        ("H200", 144384, 141),
        ("B200", 183359, 180),
        ("B300", 275040, 288),
        ("RTX 4090", 24564, 24),
        ("RTX PRO 6000 WS", 97887, 96),
        ("A100", 40960, 40),
    ],
)
def test_what_a_driver_reports_becomes_the_nominal_size(shown: str, stated_mib: int, gib: float) -> None:
    entry = gpu_by_alias(shown)
    assert entry is not None
    assert entry.nominal_memory(stated_mib / 1024) == gib


def test_a_size_far_from_every_variant_is_no_variant() -> None:
    entry = gpu_by_alias("A100")
    assert entry is not None
    assert entry.nominal_memory(60) is None
    assert entry.nominal_memory(None) is None


def test_no_model_has_two_entries_of_one_form_factor() -> None:
    pairs = [(entry["model"], entry.get("form_factor")) for entry in CATALOGUE]
    assert len(pairs) == len(set(pairs))


def test_form_factors_are_those_of_the_offers_table_and_sizes_are_sorted() -> None:
    allowed = OFFERS.by_name["gpu_form_factor"].allowed
    assert CATALOGUE
    for entry in CATALOGUE:
        assert entry.get("form_factor", "SXM") in allowed, entry["model"]
        assert entry["memory_gib"] == sorted(set(entry["memory_gib"])), entry["model"]
        assert min(entry["memory_gib"]) > 0


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: f"{entry['model']} {entry.get('form_factor')}")
def test_a_model_is_found_by_its_own_name(entry: dict[str, Any]) -> None:
    names = [*entry["aliases"], *entry.get("sized", {})]
    found = [gpu_by_alias(name) for name in names]
    assert {(gpu.model, gpu.form_factor) for gpu in found if gpu} == {
        (entry["model"], entry.get("form_factor"))
    }
    assert None not in found
