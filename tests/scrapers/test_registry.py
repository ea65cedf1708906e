import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrapers import registry
from scrapers.formats import format_of
from scrapers.registry import (
    PROVIDERS,
    DeclarationError,
    Registry,
    Source,
    load_provider,
    providers,
    registry_with,
    shipped,
    source,
    sources,
)

FIXTURES = Path(__file__).parent / "providers"
VALID = """
title = "Acme GPUs"
kind = "cloud"
status = "active"
homepage = "https://acme.example"

[source.prices]
title = "Prices"
format = "json_api"
cadence = "hourly"

[[source.prices.request]]
url = "https://acme.example/prices"
json = { limit = 10 }

[source.prices.good.offers]
rows_at_least = 3
"""
GONE = """
title = "Acme GPUs"
kind = "cloud"
status = "gone"
homepage = "https://acme.example"
since = "2021-08"
what_happened = "It shut down."
evidence = ["https://acme.example/goodbye"]

[source.liveness]
title = "Whether Acme is back"
format = "liveness"
words = ["Acme", "GPU"]

[[source.liveness.request]]
url = "https://acme.example"
"""
INIT, PAGE, SIMULATION = "__init__.py", "page.py", "simulated.py"


def declared(folder: Path, text: str) -> Path:
    provider = folder / "acme"
    provider.mkdir(parents=True)
    (provider / "provider.toml").write_text(text, encoding="utf-8")
    return provider


def missing_parts(folders: Path, fixtures: Path) -> Iterator[str]:
    """What a provider folder, or a fixture folder, lacks of the whole that the two make together.

    A provider of which only liveness is watched is a declaration and nothing else; one with nothing but price
    tables needs no page, and may stay out of the demo; one that is off is never in the demo.
    """
    named = {path.name for root in (folders, fixtures) for path in root.iterdir() if path.is_dir()}
    for name in sorted(named - {"__pycache__"}):
        declaration = folders / name / "provider.toml"
        if not declaration.is_file():
            yield f"{name} has no provider.toml"
        for part in _needed(declaration) - {path.name for path in (folders / name).glob("*")}:
            yield f"{name} has no {part}"
        if declaration.is_file() and _formats(declaration) == {"liveness"}:
            continue
        if not list((fixtures / name).glob("test_*.py")):
            yield f"{name} has no tests"


def _needed(declaration: Path) -> set[str]:
    if not declaration.is_file():
        return {INIT, PAGE, SIMULATION}
    formats = _formats(declaration) - {"liveness"}
    if not formats:
        return set()
    if formats == {"price_table"}:
        return {INIT}
    return {INIT, PAGE, SIMULATION} if _declared(declaration).get("enabled", True) else {INIT, PAGE}


def _formats(declaration: Path) -> set[str]:
    return {found["format"] for found in _declared_sources(declaration)}


def _declared(declaration: Path) -> dict[str, Any]:
    return tomllib.loads(declaration.read_text(encoding="utf-8"))


def _declared_sources(declaration: Path) -> list[dict[str, str]]:
    return list(_declared(declaration).get("source", {}).values())


def test_a_declaration_becomes_requests(tmp_path: Path) -> None:
    provider = load_provider(declared(tmp_path, VALID))
    (prices,) = provider.sources.values()
    assert prices.id == "acme.prices"
    assert not prices.browser
    (request,) = prices.requests
    assert (request.method, request.url, request.json) == (
        "POST",
        "https://acme.example/prices",
        {"limit": 10},
    )


def test_the_former_names_of_keys_are_still_read(tmp_path: Path) -> None:
    former = VALID.replace("format =", "shape =").replace(".request]]", ".ask]]")
    assert former.count("shape =") == former.count(".ask]]") == 1
    now, then = (
        load_provider(declared(tmp_path / name, text)) for name, text in (("n", VALID), ("t", former))
    )
    assert then.declared == now.declared


def test_parsers_shared_by_all_providers_count_in_the_parser_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set()
    for changed in ("", "page/money.py", "formats/markup.py"):
        copy = tmp_path / (changed or "none").replace("/", "-")
        shutil.copytree(PROVIDERS.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
        if changed:
            (copy / changed).write_text("changed", encoding="utf-8")
        monkeypatch.setattr(registry, "PROVIDERS", copy / "providers")
        registry._parser_version.cache_clear()
        found.add(source("aws.spot").parser_version)
    registry._parser_version.cache_clear()
    assert len(found) == 3


@pytest.mark.parametrize(
    ("right", "wrong", "field"),
    [
        ('format = "json_api"', 'format = "jason_api"', "source.prices.format"),
        ('kind = "cloud"\n', "", "kind"),
        ("rows_at_least = 3", "rows_at_least = 0", "source.prices.good.offers.rows_at_least"),
        ("rows_at_least = 3", "row_at_least = 3", "source.prices.good.offers.row_at_least"),
        ("good.offers", "good.captures", "good must name tables of offers, plans, terms"),
        ("[[source.prices.request]]", "[source.prices.request]", "source.prices.request"),
        ('status = "active"', 'status = "active"\nenabled = false', "why_disabled"),
        ('title = "Prices"', 'title = "Prices', "line 8"),
        ('status = "active"', 'status = "gone"', "what_happened, with evidence"),
        ('status = "active"', 'status = "active"\nsince = "summer 2021"', "since"),
        ('format = "json_api"', 'format = "liveness"', "needs some"),
        ('title = "Prices"', 'title = "Prices"\ncredential.variable = "acme key"', "credential.variable"),
    ],
)
def test_a_wrong_declaration_is_refused_by_file_and_field(
    tmp_path: Path, right: str, wrong: str, field: str
) -> None:
    assert right in VALID
    with pytest.raises(DeclarationError) as refused:
        load_provider(declared(tmp_path, VALID.replace(right, wrong)))
    assert str(refused.value).startswith("acme/provider.toml: ")
    assert field in str(refused.value)


def test_a_folder_without_a_declaration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    with pytest.raises(DeclarationError, match=r"acme/provider\.toml"):
        load_provider(tmp_path / "acme")


def test_a_provider_that_is_off_is_asked_only_when_named(tmp_path: Path) -> None:
    on, off = tmp_path / "on", tmp_path / "off"
    on.mkdir()
    off.mkdir()
    switched_off = 'homepage = "https://acme.example"\nenabled = false\nwhy_disabled = "Its terms forbid it."'
    active = load_provider(declared(on, VALID))
    dormant = load_provider(declared(off, VALID.replace('homepage = "https://acme.example"', switched_off)))
    assert [found.id for found in Registry({"acme": active}).sources()] == ["acme.prices"]
    without = Registry({"acme": dormant})
    assert without.sources() == []
    assert [found.id for found in without.sources(["acme"])] == ["acme.prices"]


def test_an_unknown_name_is_an_error_not_an_empty_run() -> None:
    with pytest.raises(DeclarationError, match="'paperspce'"):
        sources(["paperspce"])
    with pytest.raises(DeclarationError, match=r"'paperspace\.prices'"):
        source("paperspace.prices")


@pytest.mark.parametrize("provider_id", sorted(providers()))
def test_every_source_has_a_page_for_its_format(provider_id: str) -> None:
    declared = providers()[provider_id].sources
    assert declared
    for found in declared.values():
        assert callable(format_of(found).page(found))


def test_a_provider_is_a_whole_of_declaration_page_simulation_and_tests() -> None:
    assert list(missing_parts(PROVIDERS, FIXTURES)) == []


@pytest.mark.parametrize("part", [INIT, PAGE, SIMULATION, "provider.toml", "test_page.py"])
def test_a_provider_with_a_part_missing_is_noticed(tmp_path: Path, part: str) -> None:
    folders, fixtures = tmp_path / "providers", tmp_path / "fixtures"
    for path in (
        *(folders / "acme" / name for name in (INIT, PAGE, SIMULATION)),
        fixtures / "acme" / "test_page.py",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    declaration = folders / "acme" / "provider.toml"
    declaration.write_text(VALID, encoding="utf-8")
    assert list(missing_parts(folders, fixtures)) == []
    in_fixtures = part == "test_page.py"
    (fixtures if in_fixtures else folders).joinpath("acme", part).unlink()
    assert list(missing_parts(folders, fixtures)) == [f"acme has no {'tests' if in_fixtures else part}"]


def test_a_provider_that_has_gone_needs_only_a_declaration(tmp_path: Path) -> None:
    folders, fixtures = tmp_path / "providers", tmp_path / "fixtures"
    folders.mkdir()
    fixtures.mkdir()
    gone = load_provider(declared(folders, GONE))
    assert list(missing_parts(folders, fixtures)) == []
    (liveness,) = gone.sources.values()
    assert set(liveness.declared.good) == {"terms"}


def test_a_key_is_taken_from_the_environment_and_named_where_it_is_missing(tmp_path: Path) -> None:
    keyed = VALID.replace('format = "json_api"', 'format = "json_api"\ncredential.variable = "ACME_KEY"')
    (prices,) = load_provider(declared(tmp_path, keyed)).sources.values()
    assert prices.missing_credential({}) == "ACME_KEY"
    keys = {"ACME_KEY": "sesame"}
    assert prices.missing_credential(keys) is None
    assert prices.credential_headers("https://acme.example/", keys) == {"Authorization": "Bearer sesame"}


def test_the_registries_of_two_folders_do_not_mix(tmp_path: Path) -> None:
    folders = tmp_path / "a", tmp_path / "b"
    for folder, row in zip(folders, ("1", "2"), strict=True):
        folder.mkdir()
        own = declared(
            folder, VALID.replace('homepage = "https://acme.example"', f'homepage = "https://{row}.example"')
        )
        (own / "page.py").write_text(f"ROWS = {row}\n", encoding="utf-8")
    (folders[1] / "acme").rename(folders[1] / "other")
    a, b = (registry_with(folder) for folder in folders)
    assert {*a.providers} ^ {*b.providers} == {"acme", "other"}
    assert "acme" not in shipped().providers
    assert a.source("acme.prices").root == folders[0]
    with pytest.raises(DeclarationError, match=r"acme\.prices"):
        b.source("acme.prices")


def test_two_providers_of_one_name_have_parsers_of_their_own(tmp_path: Path) -> None:
    versions = set()
    for row in ("1", "2", "2 "):
        folder = tmp_path / f"folder{len(versions)}{len(row)}"
        folder.mkdir()
        (declared(folder, VALID) / "page.py").write_text(f"ROWS = {row.strip()}\n", encoding="utf-8")
        versions.add(registry_with(folder).source("acme.prices").parser_version)
    assert len(versions) == 2


def test_a_change_of_the_shared_code_is_a_new_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spot = source("aws.spot")
    before = spot.parser_version
    package = tmp_path / "scrapers"
    shutil.copytree(PROVIDERS.parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(registry, "PROVIDERS", package / "providers")
    versions = [before]
    for changed in ("page/money.py", "formats/json_api.py", "providers/aws/page.py"):
        with (package / changed).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        registry._parser_version.cache_clear()
        versions.append(Source("aws", "spot", spot.declared, root=package / "providers").parser_version)
    registry._parser_version.cache_clear()
    assert len(set(versions)) == len(versions)
