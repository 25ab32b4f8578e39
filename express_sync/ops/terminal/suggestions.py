"""Suggests the word that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean X? `, or an empty text if no known word is similar."""
    similar = closest(word, known)
    return f"did you mean {similar}? " if similar else ""


def closest(word: str, known: Iterable[str], similarity: float = 0.6) -> str:
    """Return the most similar known word, or an empty text."""
    by_folded = {each.lower(): each for each in known}
    found = get_close_matches(word.lower(), by_folded, n=1, cutoff=similarity)
    return by_folded[found[0]] if found else ""
