"""SQL queries of flows, one .sql file each."""

from functools import partial

from warehouse.queries import load_query as _question

load_query = partial(_question, package=__name__)
