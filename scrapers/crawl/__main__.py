"""`python -m scrapers.crawl`: a plan as JSON on standard input, one JSON line an event on standard output.

Events are {"job": ..., "path": ...} for an archive that is sealed and {"refused": reason} for a plan that
cannot be carried out. The log goes to standard error.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Final

from scrapy.crawler import AsyncCrawlerProcess

from scrapers.archive.exchange import ArchiveDamaged
from scrapers.archive.recorded import RecordedWeb
from scrapers.child_process import end_with_parent
from scrapers.crawl.client import PLAN
from scrapers.crawl.settings import settings_for
from scrapers.crawl.spider import SourcesSpider, tell
from scrapers.declaration import DeclarationError
from scrapers.registry import make_importable, registry_with

MEMORY: Final = 4096
"""MiB that the crawl may hold, its browser and its parser not counted; a healthy night's holds 130."""

_STATM: Final = Path("/proc/self/statm")
_SECONDS_BETWEEN_LOOKS: Final = 0.25
_TOO_MUCH: Final = 3


def _end_beyond(mebibytes: int) -> None:
    """End this process where it holds more: what is sealed by then is stored, and the machine lives on.

    A limit of the kernel's would be inherited by the browser, which reserves far more than it uses.
    """
    page = os.sysconf("SC_PAGE_SIZE")
    while _STATM.exists():
        if int(_STATM.read_text().split()[1]) * page > mebibytes << 20:
            sys.stderr.write(f"the crawl held more than {mebibytes} MiB of memory, and was ended\n")
            sys.stderr.flush()
            os._exit(_TOO_MUCH)
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def main() -> int:
    """Carry out the plan; returns 0, or 2 when it is refused."""
    end_with_parent()
    Thread(target=_end_beyond, args=(MEMORY,), daemon=True).start()
    plan = PLAN.validate_json(sys.stdin.buffer.read())
    try:
        if plan.providers:
            make_importable(plan.providers)
        registry = registry_with(plan.providers)
        sources = [registry.source(name) for name in {job.source for job in plan.jobs}]
        web = RecordedWeb(plan.recorded) if plan.recorded else None
    except (DeclarationError, ArchiveDamaged) as problem:
        tell(refused=str(problem))
        return 2
    process = AsyncCrawlerProcess(settings_for(plan, sources))
    # This process is one crawl of one installation: the keys of its sources are read here.
    process.crawl(SourcesSpider, plan=plan, registry=registry, web=web, environment=dict(os.environ))
    # Ended from outside, the process ends at once: what is not sealed by then is to stay unsealed.
    process.start(install_signal_handlers=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
