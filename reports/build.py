"""The build of the report: every page from the published warehouse."""

from __future__ import annotations

from datetime import datetime
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports import downloads
from reports.charts import vega_script
from reports.feed import feed
from reports.pages import (
    Page,
    availability,
    bids,
    calculator,
    cookbook,
    data,
    free_tiers,
    gpu,
    history,
    methods,
    overview,
    provider,
    providers,
    quality,
    training,
    volatility,
)
from reports.queries import run_query
from reports.tables import in_short
from warehouse.atomic import put_files, scratch
from warehouse.limits import STATISTICS
from warehouse.session import read_warehouse
from warehouse.storage import Storage
from warehouse.views import views

PAGES: Final = (
    overview,
    volatility,
    availability,
    bids,
    training,
    calculator,
    free_tiers,
    providers,
    history,
    quality,
    methods,
    cookbook,
    data,
)
# Kinds with a page for every GPU and every provider.
MANY: Final = (gpu, provider)
ASSETS: Final = ("style.css", "site.js", "calculator.js")
SIMULATED: Final = "Recorded and simulated data for the demo. These are not live prices."


def build(storage: Storage, out: Path, *, as_of: datetime, cache: Path | None = None) -> list[Path]:
    """Write pages, downloads and feed into `out`; the same warehouse and `as_of` give the same bytes.

    Pages are written aside and moved in one by one, so that a reader never meets half a page. A ledger of
    simulated nights is as of its newest one, and every page of it says what it is. Results of closed
    days are cached in the folder `cache` for the next build. Returns the pages' paths.
    """
    with scratch(out.parent, "site") as aside:
        fresh = aside / out.name
        names = _render(storage, fresh, as_of, cache)
        put_files(fresh, out)
    return [out / f"{name}.html" for name in names]


def _render(storage: Storage, fresh: Path, as_of: datetime, cache: Path | None) -> list[str]:
    """Write the whole site into an empty folder; returns the pages' names."""
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_plain,
    )
    environment.globals["limits"] = STATISTICS
    (fresh / "assets").mkdir(parents=True)
    with read_warehouse(storage, materialized=computed_once(), cache=cache) as connection:
        (demo,) = run_query(connection, "demo").to_dicts()
        stands = demo["newest_slot"] if demo["is_simulated"] and demo["newest_slot"] else as_of
        banner = SIMULATED if demo["is_simulated"] else None
        pages = [module.page(connection) for module in PAGES]
        pages += [page for module in MANY for page in module.pages(connection)]
        written = downloads.write(connection, fresh / "downloads", as_of=stands)
        (fresh / "feed.xml").write_text(feed(connection, as_of=stands, note=banner), encoding="utf-8")
    common = {
        "navigation": [(page.name, page.title) for page in pages if not page.parent],
        "as_of": stands,
        "banner": banner,
        "version": metadata.version("gpuledger"),
        "downloads": downloads.downloadable(),
        "sheets": {path.stem for path in written if path.suffix == ".csv"},
    }
    for name in ASSETS:
        text = (resources.files("reports") / "assets" / name).read_text(encoding="utf-8")
        (fresh / "assets" / name).write_text(text, encoding="utf-8")
    (fresh / "assets" / "vega.js").write_text(vega_script(), encoding="utf-8")
    for page in pages:
        (fresh / f"{page.name}.html").write_text(_rendered(environment, page, common), encoding="utf-8")
    return [page.name for page in pages]


def computed_once() -> frozenset[str]:
    """The views whose rows a report computes once, since many pages read them."""
    return frozenset(name for name, view in views().items() if view.header.is_computed_once)


def _rendered(environment: Environment, page: Page, common: dict[str, Any]) -> str:
    template = environment.get_template(f"{page.template or page.name}.html")
    return template.render(
        **common, **page.shown, name=page.name, parent=page.parent or page.name, title=page.title
    )


def _plain(value: Any) -> Any:
    """Text as a page may show it; what is marked up already passes."""
    return in_short(value) if isinstance(value, str) and not isinstance(value, Markup) else value
