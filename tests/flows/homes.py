"""Two data folders with nothing in common, for tests of what a command or a deployment obeys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tests.flows.conftest import DECLARED, PAGE
from tests.warehouse.test_views import offer, store
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage

CONFIG = """
only = ["{name}_lab"]
providers = "{providers}"
chromium = "/opt/{name}/chromium"
site_url = "https://{name}.example/"
{more}
[schedule]
nightly = "{minute} 2 * * *"
market = "{minute} * * * *"

[[alerts]]
on = "free_tier"
provider = "{name}_lab"
"""
LAKE = 'warehouse = "ducklake:postgres:host=127.0.0.1 port=9 dbname={name}"'


@dataclass(frozen=True)
class Home:
    """A data folder, whose provider, schedule, addresses and browser bear its name."""

    name: str
    folder: Path
    minute: int

    @property
    def sources(self) -> set[str]:
        return {f"{self.name}_lab.prices", f"{self.name}_lab.market"}

    def config(self, more: str = "") -> None:
        """Write its config.toml, and the folder of its provider."""
        own = self.folder.parent / f"{self.name}-providers" / f"{self.name}_lab"
        own.mkdir(parents=True, exist_ok=True)
        (own / "provider.toml").write_text(DECLARED.format(url="http://127.0.0.1:9"), encoding="utf-8")
        (own / "page.py").write_text(PAGE, encoding="utf-8")
        (own / "__init__.py").touch()
        self.folder.mkdir(parents=True, exist_ok=True)
        text = CONFIG.format(name=self.name, providers=own.parent, minute=self.minute, more=more)
        (self.folder / "config.toml").write_text(text, encoding="utf-8")

    def publish(self) -> None:
        """Store and publish two nights."""
        with Ledger(FileStorage(self.folder)) as ledger:
            for day in (0, 1):
                store(ledger, day, "offers", [offer(2.0)])
        FileStorage(self.folder).publish()

    def content(self) -> dict[str, str]:
        """Every file below it by a digest of what it holds."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


def two_homes(folder: Path) -> tuple[Home, Home]:
    """`a`, which every test also makes the default, and `b`, which it names. Both have a config.toml."""
    a, b = Home("a", folder / "data", 11), Home("b", folder / "other", 22)
    a.config()
    b.config()
    return a, b
