"""SQL queries of the warehouse, one .sql file each."""

from importlib import resources


def load_query(name: str, package: str = __name__) -> str:
    """The text of <name>.sql in a package of such files, this one by default."""
    return (resources.files(package) / f"{name}.sql").read_text(encoding="utf-8")
