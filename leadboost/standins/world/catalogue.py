"""What the demo shop sells, and how it advertises."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCampaign:
    """A campaign of the demo ad account. ``pull`` is the log of revenue per spend in an average week;
    ``daily_budget`` is in units of the currency."""

    id: str
    name: str
    text: str
    audience: str
    format: str
    daily_budget: int
    pull: float
    platform: str = "meta_ads"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProduct:
    """A product. Prices are decimal text. ``batch`` units are there at first and come with each delivery;
    one is ordered when ``reorder_at`` units are left. ``demand`` is its share of all buyers, relative."""

    sku: str
    title: str
    price: str
    unit_cost: str
    batch: int
    reorder_at: int
    floor: int
    demand: float
    campaigns: tuple[DemoCampaign, ...] = ()

    @property
    def url(self) -> str:
        """Its page in the shop that does not exist."""
        return f"https://shop.example/demo/{self.sku.lower()}"


STAR = DemoProduct(
    sku="DEMO-VENT-40",
    title="Ventilador de pie silencioso 40 cm",
    price="49.90",
    unit_cost="27.40",
    batch=30,
    reorder_at=0,
    floor=0,
    demand=6.0,
    campaigns=(
        DemoCampaign(
            id="120210000000000101",
            name="DEMO · Ola de calor · Ventilador 40 cm",
            text="Duerme fresco esta noche: ventilador silencioso, envío en 24 h",
            audience="compradores de verano",
            format="video",
            daily_budget=60,
            pull=1.05,
        ),
        DemoCampaign(
            id="120210000000000102",
            name="DEMO · Carrito abandonado · Ventilador 40 cm",
            text="Tu ventilador sigue en el carrito. Quedan pocas unidades",
            audience="carrito abandonado",
            format="carrusel",
            daily_budget=25,
            pull=1.45,
        ),
    ),
)
FIRST_UNITS = 7
"""So few of the star are there at first that the first minute shows what happens when they are gone."""

PRODUCTS = (
    STAR,
    DemoProduct(
        sku="DEMO-CLIMA-09",
        title="Climatizador evaporativo 9 L",
        price="119.00",
        unit_cost="74.50",
        batch=40,
        reorder_at=12,
        floor=4,
        demand=2.0,
        campaigns=(
            DemoCampaign(
                id="120210000000000103",
                name="DEMO · Oficina en casa · Climatizador",
                text="Aire fresco sin obra: climatizador evaporativo con 9 litros de autonomía",
                audience="teletrabajo",
                format="video",
                daily_budget=45,
                pull=0.75,
            ),
        ),
    ),
    DemoProduct(
        sku="DEMO-LAMP-LED",
        title="Lámpara LED de escritorio regulable",
        price="34.50",
        unit_cost="16.20",
        batch=60,
        reorder_at=18,
        floor=5,
        demand=3.0,
        campaigns=(
            DemoCampaign(
                id="120210000000000104",
                name="DEMO · Back to school · Desk lamp",
                text="Better light, fewer headaches: dimmable desk lamp with USB-C",
                audience="students",
                format="image",
                daily_budget=30,
                pull=0.9,
            ),
        ),
    ),
    DemoProduct(
        sku="DEMO-BOT-750",
        title="Botella térmica de acero 750 ml",
        price="24.90",
        unit_cost="9.80",
        batch=90,
        reorder_at=25,
        floor=8,
        demand=4.0,
        campaigns=(
            DemoCampaign(
                id="120210000000000105",
                name="DEMO · Runners · Steel bottle 750",
                text="Cold for 24 hours. Steel bottle, no plastic taste",
                audience="runners",
                format="image",
                daily_budget=20,
                pull=1.15,
            ),
        ),
    ),
    DemoProduct(
        sku="DEMO-MOCH-25",
        title="Mochila urbana impermeable 25 L",
        price="64.00",
        unit_cost="33.90",
        batch=45,
        reorder_at=12,
        floor=4,
        demand=2.0,
        campaigns=(
            DemoCampaign(
                id="120210000000000106",
                name="DEMO · Ciudad bajo la lluvia · Mochila 25 L",
                text="La lluvia se queda fuera. Mochila impermeable con bolsillo para portátil",
                audience="ciclistas urbanos",
                format="carrusel",
                daily_budget=35,
                pull=0.45,
            ),
        ),
    ),
    DemoProduct(
        sku="DEMO-CAFE-EXP",
        title="Cafetera exprés manual 15 bar",
        price="139.00",
        unit_cost="88.00",
        batch=30,
        reorder_at=9,
        floor=3,
        demand=1.5,
    ),
    DemoProduct(
        sku="DEMO-TECL-MEC",
        title="Compact mechanical keyboard, quiet switches",
        price="79.00",
        unit_cost="44.00",
        batch=40,
        reorder_at=10,
        floor=3,
        demand=1.5,
    ),
)

ELSEWHERE = (
    DemoCampaign(
        id="demo-google-17",
        name="DEMO · Search · Ventiladores",
        text="Ventiladores silenciosos con envío en 24 h",
        audience="búsqueda",
        format="texto",
        daily_budget=40,
        pull=0.95,
        platform="google_ads",
    ),
    DemoCampaign(
        id="demo-tiktok-4",
        name="DEMO · Video corto · Mochila 25 L",
        text="Todo lo que cabe en esta mochila",
        audience="18 a 24",
        format="video",
        daily_budget=25,
        pull=0.1,
        platform="tiktok_ads",
    ),
)
"""Campaigns of other accounts: their results are known, they are not connected."""

CAMPAIGNS = tuple(campaign for product in PRODUCTS for campaign in product.campaigns)
"""The campaigns of the demo ad account."""
