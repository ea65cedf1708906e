"""`python -m scrapers.crawl`: a plan as JSON on standard input, one JSON line an event on standard output.

Events are {"job": ..., "path": ...} for an archive that is sealed and {"refused": reason} for a plan that
cannot be carried out. The log goes to standard error.
"""

from __future__ import annotations

import sys

from scrapy.crawler import AsyncCrawlerProcess

from scrapers import registry
from scrapers.crawl.settings import settings_for
from scrapers.crawl.spider import SourcesSpider, tell
from scrapers.fetching import PLAN
from scrapers.parentage import end_with_parent
from scrapers.recorded import RecordedWeb
from scrapers.warc import ArchiveDamaged


def main() -> int:
    """Carry out the plan; returns 0, or 2 when it is refused."""
    end_with_parent()
    plan = PLAN.validate_json(sys.stdin.buffer.read())
    try:
        if plan.providers:
            registry.add_providers(plan.providers)
        sources = {name: registry.source(name) for name in {job.source for job in plan.jobs}}
        web = RecordedWeb(plan.recorded) if plan.recorded else None
    except (registry.DeclarationError, ArchiveDamaged) as problem:
        tell(refused=str(problem))
        return 2
    process = AsyncCrawlerProcess(settings_for(plan, sources.values()))
    process.crawl(SourcesSpider, plan=plan, sources=sources, web=web)
    # Ended from outside, the process ends at once: what is not sealed by then is to stay unsealed.
    process.start(install_signal_handlers=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
