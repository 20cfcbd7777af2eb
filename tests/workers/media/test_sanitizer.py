"""A decoder that is killed, hangs, lies or runs out of memory costs one file and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import signal

import psutil
import pytest
from PIL import Image

from bot.core.errors import MediaRefused
from tests.workers.media import samples
from tests.workers.media.running import decoders, until
from workers.media.limits import MOST_BYTES
from workers.media.sanitizer import Sanitizer

GOOD = samples.saved(samples.picture(), "JPEG")
SLOW = samples.saved(Image.new("RGBA", (8160, 6120)), "PNG", compress_level=1)
WIDE = samples.saved(Image.new("RGB", (7_100_000, 7)), "PNG", compress_level=1)
"""Within the limit on pixels, but too wide to be cut into small stripes."""


async def reason_of(sanitizer: Sanitizer, data: bytes) -> str:
    with pytest.raises(MediaRefused) as refused:
        await sanitizer.make_safe(data)
    return refused.value.reason


def interrupt(decoder: psutil.Process, number: signal.Signals) -> None:
    """Sends a signal to a suspended process and wakes it, unless that was its end already."""
    decoder.send_signal(number)
    with contextlib.suppress(psutil.NoSuchProcess):
        decoder.resume()


async def test_one_process_serves_many_files_and_ends_with_the_sanitizer() -> None:
    async with Sanitizer() as sanitizer:
        assert decoders() == []
        seen: set[int] = set()
        for _ in range(3):
            assert (await sanitizer.make_safe(GOOD)).width == 96
            seen.update(decoder.pid for decoder in decoders())
        assert len(seen) == 1
    assert decoders() == []


async def test_several_processes_work_at_once() -> None:
    async with Sanitizer(processes=2) as sanitizer:
        made = await asyncio.gather(*(sanitizer.make_safe(GOOD) for _ in range(6)))
        assert [safe.width for safe in made] == [96] * 6
        assert len(decoders()) == 2


async def test_refusals_come_through_the_process_and_leave_it_alive() -> None:
    async with Sanitizer() as sanitizer:
        assert await reason_of(sanitizer, GOOD[:300]) == "broken"
        before = decoders()
        assert await reason_of(sanitizer, b"") == "unsupported"
        assert (
            await reason_of(sanitizer, samples.png_of_declared_size(9000, 9000))
            == "too_many_pixels"
        )
        assert (await sanitizer.make_safe(GOOD)).width == 96
        assert decoders() == before


async def test_a_file_of_the_largest_size_is_taken_and_one_more_byte_is_not() -> None:
    async with Sanitizer() as sanitizer:
        largest = GOOD + bytes(MOST_BYTES - len(GOOD))
        assert (await sanitizer.make_safe(largest)).width == 96
        assert await reason_of(sanitizer, largest + b"\0") == "too_large"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
async def test_a_decoder_that_dies_over_a_file_is_replaced(number: signal.Signals) -> None:
    async with Sanitizer() as sanitizer:
        await sanitizer.make_safe(GOOD)
        (decoder,) = decoders()
        decoder.suspend()
        asked = asyncio.create_task(reason_of(sanitizer, GOOD))
        await asyncio.sleep(0)
        interrupt(decoder, number)
        assert await asked == "broken"
        assert (await sanitizer.make_safe(GOOD)).width == 96
        assert [found.pid for found in decoders()] != [decoder.pid]


async def test_a_decoder_that_died_between_files_costs_none() -> None:
    async with Sanitizer() as sanitizer:
        await sanitizer.make_safe(GOOD)
        (decoder,) = decoders()
        decoder.kill()
        await until(lambda: not decoders())
        assert (await sanitizer.make_safe(GOOD)).width == 96


async def test_a_decoder_that_hangs_is_killed_and_replaced() -> None:
    async with Sanitizer(seconds=3) as sanitizer:
        await sanitizer.make_safe(GOOD)
        (decoder,) = decoders()
        decoder.suspend()
        assert await reason_of(sanitizer, GOOD) == "too_slow"
        assert not decoder.is_running()
        assert (await sanitizer.make_safe(GOOD)).width == 96


async def test_a_file_of_nearly_the_most_pixels_is_done_in_time() -> None:
    async with Sanitizer() as sanitizer:
        assert (await sanitizer.make_safe(SLOW)).width == 2560


async def test_processor_time_over_the_limit_is_too_slow() -> None:
    async with Sanitizer() as sanitizer:
        await sanitizer.make_safe(GOOD)
        (decoder,) = decoders()
        decoder.suspend()
        asked = asyncio.create_task(reason_of(sanitizer, GOOD))
        await asyncio.sleep(0)
        interrupt(decoder, signal.SIGXCPU)  # what the kernel sends at the limit
        assert await asked == "too_slow"


async def test_a_decoder_out_of_memory_refuses_and_the_next_file_works() -> None:
    async with Sanitizer() as sanitizer:
        assert await reason_of(sanitizer, WIDE) == "too_slow"
        assert (await sanitizer.make_safe(GOOD)).width == 96


async def test_giving_up_on_a_file_does_not_give_its_answer_to_the_next() -> None:
    async with Sanitizer() as sanitizer:
        await sanitizer.make_safe(GOOD)
        asked = asyncio.create_task(sanitizer.make_safe(SLOW))
        await asyncio.sleep(0.05)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert (await sanitizer.make_safe(GOOD)).width == 96


async def test_secrets_of_the_parent_do_not_reach_the_decoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOT_TOKEN", samples.SECRET)
    async with Sanitizer() as sanitizer:
        await sanitizer.make_safe(GOOD)
        (decoder,) = decoders()
        environment = decoder.environ()
        assert environment["MALLOC_ARENA_MAX"] == "1"
        assert samples.SECRET not in environment.values()


async def test_leaving_waits_for_the_file_in_work() -> None:
    async with Sanitizer() as sanitizer:
        asked = asyncio.create_task(sanitizer.make_safe(GOOD))
        await asyncio.sleep(0)
    assert asked.done()
    assert asked.result().width == 96
    assert decoders() == []
