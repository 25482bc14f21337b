"""The encoding of a text file: its mark, sound UTF-8, or the one reading that does not look odd; else refused."""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from charset_normalizer import from_bytes

from features.errors import FileRefused
from features.seller.wordlists import wordlists

BLOCK = 1 << 20
ENOUGH_LETTERS = 12
WIDE, ASCII_SHARE = ("utf-16-le", "utf-16-be"), 0.1
HARMLESS = frozenset("\u00a0¡¢£¥§«°±²³´·»¿×÷€™–—‘’“”…")
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
OTHERS = ["gb18030", "big5", "cp932", "euc_kr", "cp1252"]
WHAT_TO_SET = "say which: --file-encoding gb18030, cp932, cp1252 …, or encoding in a map"


@dataclass(frozen=True, slots=True)
class Guess:
    """An encoding as Python names it, and whether the file leaves any other reading."""

    encoding: str
    is_certain: bool


def declared(encoding: str) -> Guess:
    """An encoding that somebody names."""
    return Guess("utf-8-sig" if encoding == "utf-8" else encoding, is_certain=True)


def guessed_encoding(path: Path) -> Guess:
    """How the bytes of a file are to be read. Where two encodings read them equally well the file is refused."""
    try:
        with path.open("rb") as file:
            return _of_start(file.read(BLOCK)) or _of_lines(file, path)
    except OSError as error:
        raise FileRefused(f"{path}: cannot be read ({error.strerror})", about="unreadable") from error


def _of_start(start: bytes) -> Guess | None:
    """Encodings that the first bytes give away: a mark, or the zero bytes of UTF-16 without one."""
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return Guess(encoding, is_certain=True)
    wide = [encoding for encoding in WIDE if _is_text(start, encoding)] if b"\0" in start else []
    return Guess(wide[0], is_certain=False) if len(wide) == 1 else None


def _is_text(start: bytes, encoding: str) -> bool:
    """Whether bytes with zeros among them are lines of text in UTF-16: no sign in them is a control sign or none at
    all, and some are plain ASCII, as delimiters and digits are."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return False
    plain = sum(letter.isascii() for letter in text)
    is_odd = any(unicodedata.category(letter) in ("Cc", "Cn", "Co") for letter in set(text) - {"\t", "\r", "\n"})
    return "\n" in text and not is_odd and plain >= ASCII_SHARE * len(text)


def _of_lines(file: BinaryIO, path: Path) -> Guess:
    sample, sound, damaged, letters = _lines_beyond_ascii(file)
    if not sound and not damaged:
        return Guess("utf-8-sig", is_certain=True)
    if not damaged and (letters or _is_latin(sample.decode("utf-8"))):
        return Guess("utf-8-sig", is_certain=letters)
    if sound >= wordlists().limits.sound_utf8_share * (sound + damaged):
        return Guess("utf-8-sig", is_certain=False)
    return Guess(_least_odd(sample, path), is_certain=False)


def _lines_beyond_ascii(file: BinaryIO) -> tuple[bytes, int, int, bool]:
    """Some lines that are not plain ASCII, how many are sound UTF-8 and how many not, and whether three bytes or more
    make a letter somewhere, which other encodings hardly ever look like."""
    sample, size, sound, damaged, long = list[bytes](), 0, 0, 0, False
    file.seek(0)
    for line in file:
        if line.isascii():
            continue
        try:
            text = line.decode("utf-8")
            sound += 1
            long = long or max(text) > "\u07ff"
        except UnicodeDecodeError:
            damaged += 1
        if size < wordlists().limits.sample_bytes:
            sample.append(line)
            size += len(line)
    return b"".join(sample), sound, damaged, long


def _is_latin(text: str) -> bool:
    """Whether letters beyond ASCII are Latin, or so many that they cannot be Chinese ones read by accident: one Chinese
    letter of GB18030 in three looks like sound UTF-8."""
    beyond = [letter for letter in text if not letter.isascii()]
    odd = [letter for letter in beyond if not unicodedata.name(letter, "").startswith("LATIN")]
    return len(odd) == 0 or len(beyond) >= ENOUGH_LETTERS or all(letter in HARMLESS for letter in odd)


def _least_odd(sample: bytes, path: Path) -> str:
    found = list(from_bytes(sample, cp_isolation=OTHERS))
    best = [match.encoding for match in found]
    apart = wordlists().limits.chaos_apart
    if len(found) == 1 or (len(found) > 1 and found[1].chaos - found[0].chaos >= apart):
        return best[0]
    if b"\0" in sample:
        raise FileRefused(
            f"{path}: expected text, got a file of another kind under that name; export it once more", about="damaged"
        )
    could = f"it may be {' or '.join(best[:3])}" if best else "it is none of those we know"
    raise FileRefused(f"{path}: expected UTF-8, got another encoding; {could}: {WHAT_TO_SET}", about="which_encoding")
