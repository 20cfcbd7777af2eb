"""Keyboards that several tests show."""

from aiogram import types


def inline(label: str, data: str) -> types.InlineKeyboardMarkup:
    """One button that calls back."""
    button = types.InlineKeyboardButton(text=label, callback_data=data)
    return types.InlineKeyboardMarkup(inline_keyboard=[[button]])


YES = inline("是", "yes")
NO = inline("否", "no")
