"""What a text means to a small language model that labelled messages have taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import orjson
from onnxruntime import InferenceSession, SessionOptions, disable_telemetry_events
from sentencepiece import SentencePieceProcessor

from features.errors import SettingError
from service.guard_files import content, readable

FORMAT = "1"
# What the model was first taught to expect before a text.
LEAD = "query: "
# So many pieces of words are read at once; a longer text is read in windows that begin so many after one another.
WINDOW, STEP = 160, 120


@dataclass(frozen=True, slots=True)
class Encoder:
    """A transformer over pieces of words: ids int64 (1, n) to logits float32 (1 + rules,), of a breach and of each.

    digest: of the messages that taught it.
    """

    session: InferenceSession
    pieces: SentencePieceProcessor
    rules: tuple[str, ...]
    digest: str

    def read(self, text: str) -> tuple[float, str]:
        """Log-odds that a text in the guard's one form breaks a rule, and the rule nearest to it; of a long one those
        of its most suspicious window."""
        found = self.pieces.encode(LEAD + text)
        starts = range(0, max(len(found) - WINDOW + STEP, 1), STEP)
        # A text that says the same over and over has few windows that differ; each is read once.
        windows = dict.fromkeys(tuple(found[at : at + WINDOW]) for at in starts)
        logits = max((self._logits(window) for window in windows), key=lambda told: float(told[0]))
        return float(logits[0]), self.rules[int(np.argmax(logits[1:]))]

    def _logits(self, window: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        ids = np.array([[self.pieces.bos_id(), *window, self.pieces.eos_id()]], dtype=np.int64)
        return np.asarray(self.session.run(None, {"ids": ids})[0], dtype=np.float32)


@cache
def encoder() -> Encoder:
    """The one that ships with the program."""
    return read(content("encoder.onnx"), content("encoder.model"))


def read(model: bytes, pieces: bytes) -> Encoder:
    """An encoder out of encoder.onnx and encoder.model, which `benchmarks/guard_encoder.py` writes; `SettingError` for
    damaged ones or another format."""
    # Under Windows the runtime tells its maker of sessions and machine; elsewhere it tells nothing.
    disable_telemetry_events()
    options = SessionOptions()
    # A text is answered by one worker; those beside it need the other cores.
    options.intra_op_num_threads = 1
    with readable("encoder.onnx"):
        session = InferenceSession(model, options, providers=["CPUExecutionProvider"])
        about = session.get_modelmeta().custom_metadata_map
        if about.get("format") != FORMAT:
            raise SettingError(f"guard/encoder.onnx: expected format {FORMAT}, got {about.get('format')}")
        rules, digest = tuple(orjson.loads(about["rules"])), about["digest"]
    with readable("encoder.model"):
        processor = SentencePieceProcessor()
        # Not by the constructor, which takes no bytes at all for nothing to load.
        processor.LoadFromSerializedProto(pieces)
        processor.encode(LEAD)
    return Encoder(session, processor, rules, digest)
