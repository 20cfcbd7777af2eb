"""Photos, files, albums and places through the stand-in Bot API server."""

import io

import pytest
from aiogram import Bot, types
from aiogram.exceptions import (
    TelegramBadRequest,
)
from PIL import ExifTags, Image

from tests.fakes.telegram import TelegramServer, Video


def picture(width: int = 1600, height: int = 1200) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "orange").save(file, "JPEG")
    return file.getvalue()


def from_a_phone() -> bytes:
    """4:3 when upright, lying on its side, with the phone's name and a comment."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "phone"
    exif[ExifTags.Base.Orientation] = 6
    file = io.BytesIO()
    lying = Image.new("RGB", (1200, 1600), "orange")
    lying.save(file, "JPEG", exif=exif, comment=b"taken by me")
    return file.getvalue()


async def test_a_photo_is_upright_in_sizes_and_without_metadata(
    telegram: TelegramServer, client: Bot
) -> None:
    telegram.person().sends_photo(from_a_phone(), caption="楼道")
    (update,) = await client.get_updates()
    assert update.message and update.message.photo
    sizes = [(size.width, size.height) for size in update.message.photo]
    assert sizes == [(90, 68), (320, 240), (800, 600), (1280, 960)]
    assert update.message.caption == "楼道"
    content = await client.download(update.message.photo[-1])
    assert content is not None
    with Image.open(content) as image:
        assert image.size == (1280, 960)
        assert not image.getexif()
        assert "comment" not in image.info


async def test_a_file_keeps_every_byte(telegram: TelegramServer, client: Bot) -> None:
    original = from_a_phone()
    telegram.person().sends_file(original, "现场.jpg", "image/jpeg")
    (update,) = await client.get_updates()
    assert update.message and update.message.document
    assert update.message.document.file_name == "现场.jpg"
    content = await client.download(update.message.document)
    assert content is not None and content.read() == original


async def test_an_album_is_many_updates_of_one_group(telegram: TelegramServer, client: Bot) -> None:
    ids = telegram.person().sends_album([picture(), picture(640, 480), Video(b"film")], "三样")
    updates = await client.get_updates()
    assert [update.update_id for update in updates] == ids
    messages = [update.message for update in updates if update.message]
    assert len({message.media_group_id for message in messages}) == 1
    assert [message.caption for message in messages] == ["三样", None, None]
    assert messages[-1].video and messages[-1].video.mime_type == "video/mp4"


async def test_places(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    person.sends_location(30.7, 111.3)
    person.sends_venue(30.7, 111.3, "解放路小学", "解放路 1 号")
    position, venue = await client.get_updates()
    assert position.message and position.message.location
    assert position.message.location.latitude == 30.7
    assert venue.message and venue.message.venue
    assert venue.message.venue.title == "解放路小学"


@pytest.mark.parametrize(("extra", "refused"), [(0, False), (1, True)])
async def test_twenty_megabytes_can_be_fetched(
    telegram: TelegramServer, client: Bot, extra: int, refused: bool
) -> None:
    telegram.person().sends_file(bytes(20 * 1024 * 1024 + extra), "a.bin", "video/mp4")
    (update,) = await client.get_updates()
    assert update.message and update.message.document
    if refused:
        with pytest.raises(TelegramBadRequest, match="file is too big"):
            await client.get_file(update.message.document.file_id)
    else:
        assert (await client.get_file(update.message.document.file_id)).file_path


async def test_the_bot_sends_files_and_sends_them_again_by_id(
    telegram: TelegramServer, client: Bot
) -> None:
    person = telegram.person()
    upload = types.BufferedInputFile(picture(), "a.jpg")
    sent = await client.send_photo(person.id, upload, caption="<b>典型</b>案例", parse_mode="HTML")
    assert sent.photo and sent.caption == "典型案例"
    again = await client.send_photo(person.id, sent.photo[0].file_id, has_spoiler=True)
    assert (sent.has_media_spoiler, again.has_media_spoiler) == (None, True)
    await client.send_document(person.id, types.BufferedInputFile(b"%PDF", "指南.pdf"))
    await client.send_video(person.id, types.BufferedInputFile(b"film", "a.mp4"), duration=3)
    await client.send_location(person.id, 30.7, 111.3)
    assert len(person.messages) == 5
    assert telegram.violations == []


async def test_the_bot_sends_an_album_and_swaps_a_picture(
    telegram: TelegramServer, client: Bot
) -> None:
    person = telegram.person()
    upload = types.BufferedInputFile(picture(), "a.jpg")
    sent = await client.send_media_group(
        person.id, [types.InputMediaPhoto(media=upload), types.InputMediaPhoto(media=upload)]
    )
    assert sent[0].photo
    await client.edit_message_media(
        types.InputMediaPhoto(media=types.BufferedInputFile(picture(90, 90), "b.jpg")),
        chat_id=person.id,
        message_id=sent[0].message_id,
    )
    await client.edit_message_caption(
        chat_id=person.id, message_id=sent[1].message_id, caption="第二张"
    )
    assert [message.text for message in person.messages] == ["", "第二张"]
    assert [size["width"] for size in person.messages[0].data["photo"]] == [90]
    assert telegram.violations == []


async def test_what_is_no_picture_is_refused(telegram: TelegramServer, client: Bot) -> None:
    upload = types.BufferedInputFile(b"no picture", "a.jpg")
    with pytest.raises(TelegramBadRequest, match="IMAGE_PROCESS_FAILED"):
        await client.send_photo(telegram.person().id, upload)
