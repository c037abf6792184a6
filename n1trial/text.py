"""Text that a person or a device wrote, made safe to show: nothing hidden, nothing that reorders a line."""

# Characters that turn the reading direction can make a label say something else than it holds.
_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def visible(text: str) -> str:
    r"""The same text with control characters written out, as in ``\x01``, so that it is valid in XML.

    Line breaks and tabs become spaces; surrogates, non-characters and direction overrides are written out.
    """
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    code = ord(char)
    if char in "\n\r\t":
        return " "
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"\\x{code:02x}"
    if code in _BIDI or 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE:
        return f"\\u{code:04x}"
    return char


def shortened(text: str, length: int) -> str:
    """Visible text of at most so many characters, an ellipsis at the end of what is cut."""
    text = visible(text)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def capitalised(text: str) -> str:
    """The text with its first letter large and the others as they were."""
    return text[:1].upper() + text[1:]
