"""What people say: two feeds that grow by an item now and then."""

import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta

from leadboost.clock import Clock, Rng, uuid7
from leadboost.standins.feed import FeedServer, Item, Page, rss
from leadboost.standins.world.chance import pick

ITEMS = 30
FIRST_ITEMS = 5
EVERY_S = (6.0, 18.0)
FEEDS = {"demo-foro-hogar": "Foro del hogar (DEMO)", "demo-deal-watch": "Deal watch (DEMO)"}

_CITIES = ("Valencia", "Sevilla", "Córdoba", "Monterrey", "Rosario", "Medellín", "Montevideo", "Guadalajara")
_SPANISH = (
    ("¿Qué ventilador compráis para dormir en {city}?", "Llevamos {n} noches por encima de 30 grados."),
    ("Ventiladores agotados en {city}", "Recorrí {n} tiendas y en ninguna queda un ventilador silencioso."),
    ("Climatizador o ventilador de pie", "Para un piso de {n} m2 en {city}, sin poder hacer obra."),
    ("La mochila que aguantó la lluvia", "{n} km en bici por {city} y el portátil llegó seco."),
    ("Busco lámpara de escritorio", "Estudio {n} horas al día en {city} y me duelen los ojos."),
    ("Cafetera exprés: ¿merece la pena?", "Somos {n} en la oficina de {city} y gastamos mucho en cápsulas."),
    ("Botella térmica para la playa", "En {city} el agua se calienta en {n} minutos. ¿Cuál aguanta?"),
)
_ENGLISH = (
    ("Quiet fans are selling out in {city}", "Searches are up {n} percent since Monday's heat warning."),
    ("Desk lamps lead back-to-school baskets", "{n} shops in {city} report more orders than last year."),
    ("Steel bottles trend among runners", "A club in {city} ordered {n} of them for its summer race."),
    ("Waterproof backpacks after the storm", "Retailers in {city} expect stock for {n} days at this pace."),
    ("Evaporative coolers: worth it?", "We measured {n} degrees less in a flat in {city}."),
    ("Mechanical keyboards get quiet", "{n} of the ten best sellers in {city} have silent switches."),
)
_TEXTS = {"demo-foro-hogar": _SPANISH, "demo-deal-watch": _ENGLISH}
_AUTHORS = ("lucia_m", "tomas.r", "ana-k", "jorge_88", "mireia", "sam_w", "deniz", "paula.g")

Pause = Callable[[float], Awaitable[object]]


class Newsroom:
    """Writes the feeds of ``server``, at ``/NAME.xml``."""

    def __init__(self, server: FeedServer, *, clock: Clock, rng: Rng, pause: Pause) -> None:
        self._server = server
        self._clock = clock
        self._rng = rng
        self._pause = pause
        self._items: dict[str, deque[Item]] = {name: deque(maxlen=ITEMS) for name in FEEDS}

    def open(self) -> None:
        """Publish what was said lately."""
        for name in FEEDS:
            for number in range(FIRST_ITEMS):
                self._write(name, minutes_ago=7 * (FIRST_ITEMS - number))
            self._publish(name)

    async def run(self) -> None:
        """Add an item now and then, for ever."""
        while True:
            await self._pause(self._rng.uniform(*EVERY_S))
            name = pick(self._rng, list(FEEDS))
            self._write(name)
            self._publish(name)

    def _write(self, name: str, minutes_ago: int = 0) -> None:
        title, text = pick(self._rng, _TEXTS[name])
        city, count = pick(self._rng, _CITIES), int(self._rng.uniform(2, 60))
        guid = f"{name}:{uuid7(self._clock, self._rng)}"
        item = Item(
            guid=guid,
            title=title.format(city=city, n=count),
            text=text.format(city=city, n=count),
            link=f"https://shop.example/{name}/{guid[-12:]}",
            at=self._clock.now() - timedelta(minutes=minutes_ago),
            author=pick(self._rng, _AUTHORS),
        )
        self._items[name].appendleft(item)

    def _publish(self, name: str) -> None:
        body = rss(list(self._items[name]), title=FEEDS[name])
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        self._server.pages[f"/{name}.xml"] = Page(body=body, etag=etag)
