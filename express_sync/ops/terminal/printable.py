"""Makes text safe for a terminal."""


def printable(text: str) -> str:
    """Return the text with `�` for every character that could move the cursor or change the colours of a terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
