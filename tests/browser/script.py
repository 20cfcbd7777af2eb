"""A conversation with every kind of screen the page can show, each called up by its name."""

from __future__ import annotations

from msgspec.structs import replace

from bot.channels.contract import Button, Shown
from bot.core.dialogue import Attached, Command, Incoming, Located, Pressed, Text
from tests.channels.webchat.world import Conversation

RECEIPT = "5X3J-5MKD-Z8VJ-KZ5J-TMNS"
ANOTHER = "7Q2W-8HRT-4BNC-X6VD-9GJK"
RECEIPTS = {"receipt": RECEIPT, "another": ANOTHER}
NUMBERS = "119 · 120 · 110"
LONG = "A long explanation of what to look for and how to stay safe while doing so. " * 30
MENU = (
    (Button("go", "Report a hazard"),),
    (Button("reports", "My reports"), Button("guide", "Guide")),
)
CONTROLS = (Button("back", "Back"), Button("cancel", "Cancel"))


class Script(Conversation):
    """Answers *say <screen>* with that screen, and everything else with the next step."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, tuple[Shown, ...]] = {}

    def screens(self, address: str) -> tuple[Shown, ...]:
        return self.shown.get(address) or (self.screen("menu", address),)

    def screen(self, name: str, address: str) -> Shown:
        """One screen as this chat would see it now."""
        serial, locale = self.serials.get(address, 1), self.locales.get(address, "zh")
        text = {
            "menu": "您好" if locale == "zh" else "Hello",
            "location": "Where is it?",
            "media": "Pictures, please",
            "receipt": f"Thank you!\nYour receipt:\n{RECEIPT}\nKeep it.",
            "another": f"Your receipt:\n{ANOTHER}",
            "sure": "Shall it be forgotten?",
            "forget": "Forgotten",
            "emergency": f"Call now: {NUMBERS}\nGet away first.",
            "long": LONG,
        }.get(name, f"Step {serial}")
        rows = {
            "menu": MENU,
            "location": ((Button("position", "Use my position", "position"),), CONTROLS),
            "receipt": ((Button("status", "Progress"),), (Button("menu", "Menu"),)),
            "sure": ((Button(f"forgotten:{RECEIPT}", "Forget me"),), (Button("menu", "Menu"),)),
            "emergency": (),
            "many": ((Button("say media", "Change the pictures"),), *(CONTROLS,) * 5),
        }.get(name, ((Button("next", f"Next {serial}"),), CONTROLS))
        kept = name in ("receipt", "emergency")
        return Shown(name, text, locale, rows, ("text",), (), serial, kept, RECEIPTS.get(name))

    def _move(self, incoming: Incoming) -> None:
        super()._move(incoming)
        address = incoming.address
        match incoming.event:
            case Text(said) | Pressed(said) if said.startswith("say "):
                names = said.removeprefix("say ").split()
                self.shown[address] = tuple(self.screen(name, address) for name in names)
            case Text(said) if said.startswith("too long"):
                refused = replace(self.screen("step", address), text="Too long", returned=True)
                self.shown[address] = (refused,)
            case Pressed("again"):
                self.serials[address] -= 1
            case Pressed(choice) if choice.startswith("forgotten:"):
                gone = replace(self.screen("forget", address), forgotten=(choice[10:],))
                self.shown[address] = (gone,)
            case Command("language"):
                self.shown.pop(address, None)
            case Text() | Pressed() | Located() | Attached() | Command():
                self.shown[address] = (self.screen("step", address),)
