"""The spool: what the database did not take waits on the disk; a damaged record spoils itself alone."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store.spool import Spool, SpoolFull, read_spool, set_aside

LINES = [b'{"n":%d}' % n for n in range(5)]


def spooled(folder: Path, lines: list[bytes] = LINES) -> Path:
    spool = Spool(folder, 1 << 20)
    spool.append(lines)
    spool.close_open()
    return spool.closed()[-1]


def test_what_was_spooled_is_read_in_its_order(tmp_path: Path) -> None:
    assert read_spool(spooled(tmp_path)) == (LINES, [])
    assert read_spool(spooled(tmp_path, LINES[:1])) == (LINES[:1], [])
    assert [path.name for path in Spool(tmp_path, 1).closed()] == ["00000001.spool", "00000002.spool"]


@given(st.data())
def test_a_flipped_bit_spoils_one_record_at_most(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = spooled(Path(folder))
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)
        sound, _ = read_spool(path)
    assert len(sound) >= len(LINES) - 1
    assert set(sound) <= set(LINES)


@given(st.integers(0, 200))
def test_a_torn_end_spoils_the_last_record_alone(length: int) -> None:
    with TemporaryDirectory() as folder:
        path = spooled(Path(folder))
        torn = path.read_bytes()[:length]
        path.write_bytes(torn)
        Spool(Path(folder), 1 << 20)
        sound, damaged = read_spool(path)
    assert sound == LINES[: len(sound)]
    assert len(damaged) <= 1
    assert len(sound) + 1 >= torn.count(b"\n\n")


def test_what_comes_after_a_torn_record_is_sound(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 20)
    spool.append(LINES[:2])
    path = tmp_path / "open.spool"
    path.write_bytes(path.read_bytes()[:-5])
    spool.append(LINES[2:])
    assert read_spool(path)[0] == [LINES[0], *LINES[2:]]


def test_a_spool_takes_no_more_than_it_may(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 40)
    spool.append(LINES[:1])
    with pytest.raises(SpoolFull, match="at most 40 bytes"):
        spool.append(LINES)
    assert spool.size() < 40


def test_what_was_set_aside_is_not_overwritten_by_the_next_outage(tmp_path: Path) -> None:
    for damaged in (b"first", b"second"):
        path = spooled(tmp_path)
        set_aside(path, [damaged])
        path.unlink()
    assert {path.read_bytes() for path in tmp_path.glob("*.rejected")} == {b"first\n", b"second\n"}


def test_a_file_that_is_replayed_while_the_spool_is_measured_counts_nothing(tmp_path: Path) -> None:
    (tmp_path / "00000001.spool").symlink_to(tmp_path / "removed")
    spool = Spool(tmp_path, 1 << 20)
    spool.append(LINES)
    assert spool.size() == (tmp_path / "open.spool").stat().st_size
