"""What a fault is: how a source of each format goes wrong, and what is to become of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.faults.content import FORMATS, MACHINES, PATH, Machine, body, reply
from tests.faults.server import Replies, Reply


@dataclass(frozen=True)
class Expected:
    """What the ledger is to say of one source after the run.

    `error` and `reason` are regular expressions, of scrapes.error and of every quarantined row's reason;
    without them there must be none. `findings` are those that must be noted, as "kind subject".
    """

    status: str
    stored: int = 0
    quarantined: int = 0
    incidents: tuple[str, ...] = ()
    error: str | None = None
    reason: str | None = None
    findings: tuple[str, ...] = ()


WHOLE = Expected("ok", stored=len(MACHINES))


def failed(kind: str, error: str) -> Expected:
    """Nothing is stored; the incident says why."""
    return Expected("failed", incidents=(kind,), error=error)


def one_quarantined(reason: str) -> Expected:
    """All but one row are stored, and that one is kept with its reason."""
    return Expected("ok", stored=len(MACHINES) - 1, quarantined=1, reason=reason)


@dataclass(frozen=True)
class Fault:
    """One way to go wrong.

    `replies` gives, for a format, the answers of its host by path; `address` stands in for the host's own
    where nothing is served. `truth` are the machines as they truly are, by which stored prices are judged.
    `expected` is one for all formats of `in_formats`, or one for each.
    """

    name: str
    title: str
    expected: Expected | Mapping[str, Expected]
    replies: Callable[[str], Replies] = lambda format: {}
    address: str = ""
    truth: Sequence[Machine] = MACHINES

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that can go wrong in this way, in the order of the table."""
        return (
            FORMATS
            if isinstance(self.expected, Expected)
            else tuple(filter(self.expected.__contains__, FORMATS))
        )

    def expected_of(self, format: str) -> Expected:
        """What is to become of the source of a format."""
        return self.expected if isinstance(self.expected, Expected) else self.expected[format]

    def source(self, format: str) -> str:
        """The source's name in the declaration."""
        return f"{self.name}_in_{format}"


def always(how: Callable[[str], Reply]) -> Callable[[str], Replies]:
    """One and the same answer, however often it is asked for."""
    return lambda format: {PATH: [how(format)]}


def priced(
    name: str, title: str, machines: Sequence[Machine], expected: Mapping[str, Expected] | Expected
) -> Fault:
    """A fault of how one price is printed."""
    return Fault(
        name,
        title,
        expected,
        always(lambda format: reply(format, body(format, machines))),
        truth=machines,
    )


def by_format(texts: Expected, numbers: Expected, **others: Expected) -> dict[str, Expected]:
    """One for tables, which show texts, one for APIs and files, which give numbers; `others` by format."""
    return (
        {"html_table": texts, "rendered_page": texts}
        | dict.fromkeys(("json_api", "xml_api", "yaml_file"), numbers)
        | others
    )
