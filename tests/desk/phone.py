"""An operator's phone: its screen, the way in, and what every page on it must be."""

from playwright.async_api import BrowserContext, Page, ViewportSize, expect

from tests.desk.running import RunningDesk

PHONE: ViewportSize = {"width": 390, "height": 844}

WIDER_THAN_SCREEN = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
TOO_SMALL = """
[...document.querySelectorAll("a, button, select, textarea, input:not([type=hidden])")]
  .filter(e => e.checkVisibility() && !e.matches(".skip, .case a"))
  .map(e => [e.closest("label.tick") || e, e.outerHTML.slice(0, 80)])
  .filter(([e]) => e.getBoundingClientRect().height < 44)
  .map(([, html]) => html)
"""


async def enter(desk: RunningDesk, context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.goto(desk.url + await desk.link("王芳"))
    await expect(page.locator("h1")).to_have_text("隐患列表")
    return page


async def check_fit(page: Page) -> None:
    await page.wait_for_load_state()
    assert not await page.evaluate(WIDER_THAN_SCREEN)
    assert await page.evaluate(TOO_SMALL) == []
