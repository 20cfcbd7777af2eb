"""Cases as they come in, and a gateway with their pictures: for browser tests and screenshots."""

from dataclasses import dataclass, field
from io import BytesIO
from types import TracebackType
from typing import Self

from aiohttp import web
from PIL import Image, ImageDraw

from tests.desk.running import RunningDesk

HOUR = 60 * 60

# Hours before now, service, hazard, area, address, position, pictures, danger, words.
CASES: tuple[tuple[float, str, str, str, str, tuple[float, float] | None, int, bool, str], ...] = (
    (
        *(122, "construction", "脚手架与高处作业", "伍家岗区"),
        *("伍临路东侧在建住宅楼 5 号楼", (30.67214, 111.35582), 2, False),
        "外脚手架连墙件缺失，工人上架未系安全带。",
    ),
    (
        *(98, "electricity", "私拉电线", "西陵区"),
        *("珍珠路菜市场南门", None, 1, False),
        "摊位从路灯杆上接电，线头裸露，下雨天打火花。",
    ),
    (
        *(52, "special-equipment", "电梯故障", "点军区"),
        *("江南大道某小区 2 栋 1 单元", (30.69033, 111.26551), 0, False),
        "电梯经常突然下坠半层，物业说在等配件，已经拖了两个星期。",
    ),
    (
        *(30, "chemicals", "违规储存", "猇亭区"),
        *("猇亭大道物流园 C 区 12 号库", (30.53107, 111.43020), 3, True),
        "仓库里混放油漆、稀释剂和成箱的打火机，没有通风，也没有灭火器。"
        "下午叉车作业时有桶被撞倒，地上有刺鼻液体。",
    ),
    (
        *(20, "workplace-health", "粉尘", "夷陵区"),
        *("小溪塔街道某石材加工厂", None, 1, False),
        "切割车间没有除尘，工人只戴普通口罩，满屋白灰。",
    ),
    (
        *(6, "roads", "井盖缺失", "西陵区"),
        *("夷陵大道与体育场路交叉口东北角人行道", (30.69871, 111.29163), 2, False),
        "井盖不见了，只插了一根树枝，晚上没有路灯。",
    ),
    (
        *(3, "crowded-places", "安全出口上锁", "西陵区"),
        *("解放路步行街某网吧二楼", (30.69512, 111.28440), 1, False),
        "营业时间后门用铁链锁着，里面有五十多人。",
    ),
    (
        *(2, "gas", "气瓶使用不当", "伍家岗区"),
        *("胜利四路夜市北段第三家烧烤摊", None, 0, False),
        "",
    ),
    (
        *(1, "fire", "疏散通道堵塞", "西陵区"),
        *("西陵二路 58 号惠民小区 3 栋 2 单元一楼", (30.70236, 111.30518), 4, True),
        "一楼楼道里停了七辆电动车，三辆正在飞线充电，昨晚有一辆冒烟。\n"
        "楼上住着好几户老人，唯一的出口被堵了大半，消防栓前也堆着纸箱。",
    ),
)


@dataclass
class Pictures:
    """A gateway that serves drawn pictures under `/media`; use with `async with`."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    _runner: web.AppRunner = field(init=False)

    async def __aenter__(self) -> Self:
        server = web.Application()
        server.router.add_get("/media/{name}", self._picture)
        self._runner = web.AppRunner(server, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _picture(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        return web.Response(body=draw(sum(map(ord, name))), content_type="image/jpeg")


def draw(seed: int) -> bytes:
    """A corridor with boxes in it, as JPEG; another seed is another light and other boxes."""
    picture = Image.new("RGB", (960, 720), (90 + seed % 60, 96, 104))
    pen = ImageDraw.Draw(picture)
    pen.polygon([(0, 720), (960, 720), (600, 400), (360, 400)], fill=(132, 126, 116))
    pen.rectangle((360, 180, 600, 400), fill=(205, 212, 196))
    for index in range(6):
        left = (seed * (index + 3) * 37) % 760
        size = 70 + (seed * (index + 1)) % 110
        colour = (150 + 13 * index % 90, 96 + 11 * index, 60)
        pen.rectangle((left, 640 - size, left + size, 660), fill=colour, outline=(60, 44, 30))
    kept = BytesIO()
    picture.save(kept, "JPEG", quality=80)
    return kept.getvalue()


async def seed(desk: RunningDesk, gateway: str) -> list[str]:
    """Open every case at its time; returns their numbers, oldest first."""
    numbers = []
    for index, case in enumerate(CASES):
        hours, service, hazard, area, address, position, pictures, danger, words = case
        desk.offset = int(-hours * HOUR)
        urls = [f"{gateway}/media/{index}-{picture}.jpg" for picture in range(pictures)]
        form = {
            "service_code": service,
            "address_string": address,
            "description": words,
            "media_url": urls[0] if urls else "",
            "attribute[reference]": f"SSP-2026-{index:04}-K7QD-93MF",
            "attribute[hazard]": hazard,
            "attribute[area]": area,
            "attribute[major]": "true" if danger else "false",
            "attribute[media_urls]": "\n".join(urls[1:]),
        }
        if position:
            form |= {"lat": str(position[0]), "long": str(position[1])}
        numbers.append(await desk.open(**form))
    desk.offset = 0
    return numbers
