"""Terms in prose: phrases that state a term, and what their absence means.

A page that no longer says a term in the words known here is silent: the term is unknown. It is absent only
where the page itself says that there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from scrapers.page.capture import Capture
from scrapers.page.documents import Html
from scrapers.page.record import Notes, Row, term

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“\"])")
_GPU_SEPARATOR = re.compile(r",\s*(?:and|or)\s+|,\s*|\s+(?:and|or)\s+")
_PLURAL = re.compile(r"(?<=\d)s$")


def number(shown: str) -> float:
    """A count as printed in prose ("1,000") as a number."""
    return float(shown.replace(",", ""))


def gpu_names(shown: str) -> str:
    """GPU names listed in prose ("Nvidia K80s, T4s and P100s") as "K80, T4, P100"."""
    names = _GPU_SEPARATOR.split(shown.strip())
    return ", ".join(_PLURAL.sub("", re.sub(r"(?i)^nvidia\s+", "", name).strip()) for name in names if name)


@dataclass(frozen=True)
class Saying:
    """How a page says one term of one tier.

    `says` are expressions tried in order on every sentence: the group `value`, read by `reads`, is the
    value, and an expression without it takes the words it matched. `denies` is how the page would say
    that there is none.
    """

    tier: str
    term: str
    says: tuple[str, ...] = ()
    denies: str = ""
    unit: str | None = None
    reads: Callable[[str], float | str] = number


@dataclass(frozen=True)
class Prose:
    """The sentences of a page, or of a part of it, with the capture that they stand in."""

    capture: Capture
    sentences: tuple[str, ...]

    @classmethod
    def of(cls, capture: Capture, texts: Iterable[str]) -> Prose:
        """Texts split into sentences, each kept once, in reading order."""
        sentences = chain.from_iterable(_SENTENCE_END.split(text) for text in texts)
        return cls(capture, tuple(dict.fromkeys(sentence for sentence in sentences if sentence)))

    @classmethod
    def of_page(cls, page: Html) -> Prose:
        """A whole page: its blocks first, then the pieces of text that stand in none."""
        return cls.of(page.capture, chain(page.blocks, page.loose_texts))


@dataclass(frozen=True)
class _Said:
    capture: Capture
    sentence: str
    value: float | str | None
    state: str = "present"

    @property
    def figure(self) -> str:
        """What must agree wherever a term is said: its figure, or its state where it is said in words."""
        return f"{self.value:g}" if isinstance(self.value, float) else self.state


def terms_said(proses: Sequence[Prose], sayings: Iterable[Saying], notes: Notes) -> Iterator[Row]:
    """One terms row for each saying; `proses` holds at least one prose.

    The first prose that says the term gives the value. A figure met later that differs, or a denial beside a
    figure, is noted as a disagreement, so that a person reads the page.
    """
    for saying in sayings:
        met = [said for prose in proses for said in _met(prose, saying)]
        if not met:
            yield term(proses[0].capture, tier=saying.tier, name=saying.term, state="unknown")
            continue
        first = met[0]
        figures = [said.figure for said in met]
        if len(set(figures)) > 1:
            notes.add("disagreement", saying.term, f"{saying.tier}: {', '.join(dict.fromkeys(figures))}")
        yield term(
            first.capture,
            tier=saying.tier,
            name=saying.term,
            state=first.state,
            value=first.value,
            unit=saying.unit if isinstance(first.value, float) else None,
            quote=first.sentence,
        )


def _met(prose: Prose, saying: Saying) -> Iterator[_Said]:
    if saying.denies:
        for sentence in prose.sentences:
            if re.search(saying.denies, sentence, re.IGNORECASE):
                yield _Said(prose.capture, sentence, None, state="absent")
    for expression in saying.says:
        hits = [
            (sentence, match)
            for sentence in prose.sentences
            if (match := re.search(expression, sentence, re.IGNORECASE))
        ]
        for sentence, match in hits:
            value = saying.reads(match["value"]) if "value" in match.groupdict() else match[0]
            yield _Said(prose.capture, sentence, value)
        if hits:
            return
