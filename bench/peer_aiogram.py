"""The same conversation as one writes it with aiogram: states, Redis storage, Redis isolation.

As fast as aiogram goes without leaving it: filters are coroutines (its synchronous ones, `F` among
them, run in threads), the answer goes back in the webhook's response, and orjson reads.
"""

from __future__ import annotations

import orjson
from aiogram import Bot, Dispatcher, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.base import DefaultKeyBuilder
from aiogram.fsm.storage.redis import RedisEventIsolation, RedisStorage
from aiogram.methods import EditMessageText, SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web
from redis.asyncio import Redis

STATE_SECONDS = 24 * 3600
_TEXT = "哪里有隐患？点下面的按钮发送位置，也可以写地址或地标。"


class Form(StatesGroup):
    """The steps."""

    menu = State()
    category = State()
    hazard = State()
    location = State()
    media = State()
    description = State()
    danger = State()
    summary = State()


_ORDER = (
    Form.category,
    Form.hazard,
    Form.location,
    Form.media,
    Form.description,
    Form.danger,
    Form.summary,
)
_NEXT = dict(zip(_ORDER, (*_ORDER[1:], Form.menu), strict=True)) | {Form.menu: Form.category}
router = Router()


def _keyboard() -> InlineKeyboardMarkup:
    rows = (
        ("消防与疏散", "fire"),
        ("建筑施工", "construction"),
        ("返回", "back"),
        ("取消", "cancel"),
    )
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=label, callback_data=f"1|{choice}")]
            for label, choice in rows
        ]
    )


async def _pressed(query: CallbackQuery, context: FSMContext, here: State) -> EditMessageText:
    await context.update_data({str(here.state).partition(":")[2]: query.data})
    await context.set_state(_NEXT[here])
    assert isinstance(query.message, Message)
    return EditMessageText(
        chat_id=query.message.chat.id,
        message_id=query.message.message_id,
        text=_TEXT,
        reply_markup=_keyboard(),
    )


async def _said(message: Message, context: FSMContext, here: State) -> SendMessage:
    place = message.location
    value = [place.latitude, place.longitude] if place else message.text
    await context.update_data({str(here.state).partition(":")[2]: value})
    await context.set_state(_NEXT[here])
    return SendMessage(chat_id=message.chat.id, text=_TEXT, reply_markup=_keyboard())


def _step(here: State) -> None:
    @router.callback_query(here)
    async def pressed(query: CallbackQuery, state: FSMContext) -> EditMessageText:
        return await _pressed(query, state, here)

    @router.message(here)
    async def said(message: Message, state: FSMContext) -> SendMessage:
        return await _said(message, state, here)


for _here in (Form.menu, *_ORDER):
    _step(_here)


@router.message()
async def first_said(message: Message, state: FSMContext) -> SendMessage:
    """Somebody new writes."""
    return await _said(message, state, Form.menu)


@router.callback_query()
async def first_pressed(query: CallbackQuery, state: FSMContext) -> EditMessageText:
    """Somebody new presses a button."""
    return await _pressed(query, state, Form.menu)


def application(store_url: str, token: str, secret: str, path: str) -> web.Application:
    """The webhook, ready to be served."""
    redis = Redis.from_url(store_url)
    keys = DefaultKeyBuilder()
    storage = RedisStorage(
        redis,
        key_builder=keys,
        state_ttl=STATE_SECONDS,
        data_ttl=STATE_SECONDS,
        json_loads=orjson.loads,
        json_dumps=lambda value: orjson.dumps(value).decode(),
    )
    isolation = RedisEventIsolation(redis, key_builder=keys)
    dispatcher = Dispatcher(storage=storage, events_isolation=isolation)
    dispatcher.include_router(router)
    bot = Bot(token, session=AiohttpSession(json_loads=orjson.loads))
    served = web.Application()
    SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token=secret).register(
        served, path
    )
    return served
