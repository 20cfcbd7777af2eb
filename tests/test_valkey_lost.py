"""What is said to be lost is what was cut off, whatever the server wrote in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import valkey

WHOLE = b"*3\r\n$3\r\nSET\r\n$3\r\nc:1\r\n$1\r\nx\r\n"
CUT = b"*3\r\n$3\r\nSET\r\n$8\r\nreport:1\r\n$9\r\nunf"
MEANWHILE = b"*2\r\n$3\r\nDEL\r\n$9\r\nbell:push\r\n"


@pytest.mark.parametrize("after", [b"", MEANWHILE, MEANWHILE * 9, CUT[:20] + MEANWHILE])
@pytest.mark.parametrize("whole", [b"", WHOLE])
def test_what_was_cut_off_is_told_and_kept(tmp_path: Path, whole: bytes, after: bytes) -> None:
    file = tmp_path / "appendonly.aof.1.incr.aof"
    file.write_bytes(whole + after)
    [sentence] = valkey.lost({file: whole + CUT})
    assert f"the last {len(CUT)} bytes" in sentence
    assert "It was a change of report." in sentence
    assert (tmp_path / "appendonly.aof.1.incr.lost").read_bytes() == CUT


@pytest.mark.parametrize("after", [b"", MEANWHILE])
def test_nothing_is_lost_where_nothing_was_cut_off(tmp_path: Path, after: bytes) -> None:
    file = tmp_path / "appendonly.aof.1.incr.aof"
    file.write_bytes(WHOLE + after)
    assert list(valkey.lost({file: WHOLE})) == []
