"""The questions that flows ask the ledger, one .sql file each."""

from functools import partial

from warehouse.queries import question as _question

question = partial(_question, package=__name__)
