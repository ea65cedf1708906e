"""What a provider's page works with: documents in, typed rows out, every field accounted for.

A page is a pure function of archived documents. It has no network and no clock, and it may import
only this package and `warehouse.schema`.
"""

from scrapers.rows.capture import Ask, Capture
from scrapers.rows.documents import Cell, Document, Html, PageTable, Payload
from scrapers.rows.money import Price, dollars, exact_decimal, price
from scrapers.rows.prose import Prose, Saying, gpu_names, terms_said
from scrapers.rows.record import (
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
from scrapers.rows.words import Gpu, country_of, gibibytes, gpu_named, lookup

__all__ = [
    "Ask",
    "Capture",
    "Cell",
    "Document",
    "Gpu",
    "Html",
    "Notes",
    "OnePrice",
    "PageBroken",
    "PageTable",
    "Payload",
    "Price",
    "Prose",
    "Record",
    "Rejected",
    "Row",
    "Saying",
    "Unreadable",
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
    "term",
    "terms_said",
    "utilisation",
]
