"""The text of a diary file, in whichever encoding a spreadsheet saved it.

Plain "CSV" of Excel is Windows-1252 on a Windows of western Europe and America. It is read where its bytes make sense
as that; any other one-byte encoding would give wrong letters without a word, so it is refused.
"""

import codecs
import re

from n1trial.errors import DiaryError

WINDOWS = "cp1252"
# Letters and signs that western European text uses; umlauts of an old Mac stand outside of them.
_WESTERN = re.compile(rb"[\x00-\x7f\x80\x85\x91-\x97\xa0-\xff]*")
# Two bytes that one letter of UTF-8 has: a file of mixed encodings.
_OF_UTF_8 = re.compile(rb"[\xc2-\xc5][\x80-\xbf]")
# No western word has four such letters in a row; Greek and Russian have hardly another.
_FOREIGN = re.compile(rb"[\xc0-\xff]{4}")


def decoded(raw: bytes, name: str) -> tuple[str, str]:
    """The text of a file, and a note where its encoding was guessed.

    Raises
    ------
    DiaryError
        It is neither UTF-8, UTF-16 with its mark, nor plainly Windows-1252.
    """
    try:
        marked = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return raw.decode("utf-16" if marked else "utf-8-sig"), ""
    except UnicodeDecodeError as error:
        western = _WESTERN.fullmatch(raw) and not _OF_UTF_8.search(raw) and not _FOREIGN.search(raw)
        if not western:
            raise DiaryError(f"{name}: not UTF-8 text: save it as CSV UTF-8") from error
        return raw.decode(WINDOWS), (
            f"{name} is no UTF-8 text and is read as Windows text (Windows-1252): if letters come out wrong, save it"
            " as CSV UTF-8"
        )
