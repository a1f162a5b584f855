"""What people say: two feeds that grow by an item now and then, and one that has fallen silent."""

import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from leadboost.clock import Clock, Rng, uuid7
from leadboost.standins.feed import FeedServer, Item, Page, rss
from leadboost.standins.world.chance import pick

ITEMS = 30
FIRST_ITEMS, FIRST_SPAM = 5, 14
EVERY_S = (6.0, 18.0)
SPAM_SHARE, COPY_SHARE = 0.12, 0.2
REPEATED = " (DEMO)"
SILENT = "demo-barrio"
SILENT_PER_DAY = 8_640.0
"""What is expected of the silent feed: an item every ten seconds, so that it soon shows as silent."""
FEEDS = {
    "demo-foro-hogar": "Foro del hogar (DEMO)",
    "demo-deal-watch": "Deal watch (DEMO)",
    SILENT: "Tablón del barrio (DEMO)",
}

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
_SPAM = (
    (
        "Gana {n}.000 al mes desde casa",
        "Dinero fácil y garantizado en {city}, sin experiencia. Escríbeme ya.",
    ),
    ("Préstamo al instante", "Sin aval y sin preguntas, hasta {n}.000 hoy mismo en {city}. Oferta limitada."),
    ("Casino: {n} giros gratis", "Bono garantizado para {city}. Regístrate ya y gana dinero fácil."),
    (
        "Win {n}000 dollars today",
        "You have been selected in {city}. Claim your free prize now, limited offer.",
    ),
    ("Earn from home, {n} places left", "Guaranteed easy money in {city}, no experience. Message me now."),
    ("Miracle pills, {n} percent off", "Doctors in {city} hate this. Order now, free trial, limited offer."),
)
_PROMOTIONS = tuple(title.partition("{")[0] for title, _ in _SPAM)
SPAMMERS = ("gana-dinero-ya", "easy.money", "promo_24h")
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
        """Publish what was said lately; the silent feed ends with advertising of a kind nobody asked for."""
        for name in FEEDS:
            for number in range(FIRST_ITEMS):
                self._put(name, self._write(name), minutes_ago=7 * (FIRST_ITEMS - number))
        for number in range(FIRST_SPAM):
            self._put(SILENT, self._write(SILENT, _SPAM), minutes_ago=2 * (FIRST_SPAM - number))
        for name in FEEDS:
            self._publish(name)

    async def run(self) -> None:
        """Add an item now and then, for ever."""
        while True:
            await self._pause(self._rng.uniform(*EVERY_S))
            name = pick(self._rng, list(_TEXTS))
            self._put(name, self._next(name))
            self._publish(name)

    def _next(self, name: str) -> Item:
        """Something new, or spam, or what the other feed said a while ago."""
        drawn = self._rng.uniform(0.0, 1.0)
        if drawn < SPAM_SHARE:
            return self._write(name, _SPAM)
        other = pick(self._rng, [each for each in _TEXTS if each != name])
        return (
            self._copy(name, self._items[other][0]) if drawn < SPAM_SHARE + COPY_SHARE else self._write(name)
        )

    def _write(self, name: str, texts: Sequence[tuple[str, str]] | None = None) -> Item:
        title, text = pick(self._rng, texts or _TEXTS.get(name, _SPANISH))
        city, count = pick(self._rng, _CITIES), int(self._rng.uniform(2, 60))
        return Item(
            guid=self._guid(name),
            title=title.format(city=city, n=count),
            text=text.format(city=city, n=count),
            author=pick(self._rng, _AUTHORS if texts is None else SPAMMERS),
        )

    def _copy(self, name: str, item: Item) -> Item:
        """The same in other hands, a word longer."""
        return replace(
            item, guid=self._guid(name), text=f"{item.text} (DEMO)", author=pick(self._rng, _AUTHORS)
        )

    def _guid(self, name: str) -> str:
        return f"{name}:{uuid7(self._clock, self._rng)}"

    def _put(self, name: str, item: Item, minutes_ago: int = 0) -> None:
        link = f"https://shop.example/{name}/{(item.guid or '')[-12:]}"
        at = self._clock.now() - timedelta(minutes=minutes_ago)
        self._items[name].appendleft(replace(item, link=link, at=at))

    def _publish(self, name: str) -> None:
        body = rss(list(self._items[name]), title=FEEDS[name])
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        self._server.pages[f"/{name}.xml"] = Page(body=body, etag=etag)


def is_promotion(title: object) -> bool:
    """Whether somebody who reads this title sees that it is spam."""
    return isinstance(title, str) and title.startswith(_PROMOTIONS)
