"""The toolkit of providers' pages: documents in, typed rows out, every field accounted for.

A page is a pure function of archived documents. It has no network and no clock, and it may import
only this package and `warehouse.schema`.
"""

from scrapers.page.capture import Capture, FetchRequest
from scrapers.page.documents import Document, Html, Json, PageTable, Xml, Yaml
from scrapers.page.entry import FollowFunction, PageFunction, SourcePage, source_page
from scrapers.page.lookups import Gpu, country_of, gibibytes, gpu_named, lookup
from scrapers.page.money import Price, dollars, exact_decimal, price
from scrapers.page.record import (
    Notes,
    OnePrice,
    PageBroken,
    Record,
    Rejected,
    Row,
    Unreadable,
    each,
    offer,
    plan,
    term,
    utilisation,
)
from scrapers.page.terms import Prose, Saying, gpu_names, terms_said

__all__ = [
    "Capture",
    "Document",
    "FetchRequest",
    "FollowFunction",
    "Gpu",
    "Html",
    "Json",
    "Notes",
    "OnePrice",
    "PageBroken",
    "PageFunction",
    "PageTable",
    "Price",
    "Prose",
    "Record",
    "Rejected",
    "Row",
    "Saying",
    "SourcePage",
    "Unreadable",
    "Xml",
    "Yaml",
    "country_of",
    "dollars",
    "each",
    "exact_decimal",
    "gibibytes",
    "gpu_named",
    "gpu_names",
    "lookup",
    "offer",
    "plan",
    "price",
    "source_page",
    "term",
    "terms_said",
    "utilisation",
]
