"""The phrases that texts are searched for, English and Spanish, without accents and in lower case."""

import re
from collections.abc import Sequence


def _any_of(*phrases: str, besides: Sequence[str] = ()) -> re.Pattern[str]:
    """Find any of the phrases as whole words, or any of ``besides`` anywhere."""
    return re.compile("|".join([rf"\b(?:{'|'.join(phrases)})\b", *besides]))


_WEEKDAY = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_DIA = "(?:lunes|martes|miercoles|jueves|viernes|sabado|domingo)"

INTENT = _any_of(
    "(?:want|wanna|going|looking|ready|hoping|planning|trying|like|love) (?:to )?(?:buy|get|order|find)",
    "where (?:can i |could i |do i |to )(?:buy|get|order|purchase|find)",
    "(?:looking|shopping|searching) for",
    "in the market for",
    "need (?:a|an|some|new|to (?:buy|get|order|replace))",
    "recommend(?:ations?)?",
    "any (?:good|suggestions?)",
    "suggestions? for",
    "which one should i",
    "worth (?:it|buying|the money)",
    "in stock",
    "pre-?order",
    "add(?:ed)? to cart",
    "take my money",
    "(?:do|does) (?:you|it|they) (?:sell|ship|deliver)",
    "wtb",
    "gift (?:for|ideas?)",
    r"best \w{1,20} (?:for|under)",
    "(?:quiero|quisiera|voy a|necesito|puedo|para) (?:comprar|pedir|encargar)",
    "(?:quiero|quisiera|necesito) un[oa]?s?",
    "busco",
    "buscando",
    "me interesan?",
    "me lo llevo",
    "donde (?:lo |la |los |las )?(?:compro|consigo|venden)",
    "donde (?:puedo|se puede) (?:conseguir|encontrar)",
    "recom(?:iendan|endais|iendas|endacion|endaciones)",
    "vale la pena",
    "(?:hay|tienen|teneis) stock",
    "hacen envios?",
    "envian a",
    "regalo para",
    "para regalar",
)
URGENCY = _any_of(
    "asap|urgent(?:ly)?|immediately|hurry|deadline|today|tonight|tomorrow",
    "right (?:now|away)",
    f"this (?:week|weekend|morning|afternoon|evening|{_WEEKDAY})",
    f"by (?:tomorrow|tonight|{_WEEKDAY})",
    "(?:next|same)[- ]day",
    "last[- ](?:minute|chance|day|one|few)",
    "ends (?:soon|today|tonight)",
    "running out",
    "almost gone",
    r"only \d+ left",
    "in time for",
    "before (?:christmas|xmas|the holidays|valentine|mother|father)",
    "as soon as possible",
    "urgentes?|urgentemente|urge|hoy|manana",
    "(?:ya|ahora) mismo",
    "cuanto antes",
    "lo antes posible",
    "esta (?:semana|noche|tarde)",
    f"este (?:finde|{_DIA})",
    "fin de semana",
    "ultim[oa]s? (?:dias?|horas?|unidad|unidades|oportunidad)",
    "date prisa",
    f"antes del? (?:navidad|reyes|{_DIA})",
    "se (?:acaba|agota)n?",
    r"quedan (?:pocos|pocas|\d+)",
)
PRICE = _any_of(
    r"\d+(?:[.,]\d+)? ?(?:usd|eur|gbp|mxn|ars|cop|clp|dollars?|bucks|euros?|pounds?|pesos?|soles)",
    "price[sd]?|pricing|cheap(?:er|est)?|affordable|expensive|overpriced|budget|costs?",
    "discounts?|coupons?|promo|voucher|deals?|bargain|clearance|on sale",
    "how much",
    "black friday|cyber monday|free shipping",
    "precios?|barat[oa]s?|economic[oa]s?|car[oa]s?|carisim[oa]s?|presupuesto",
    "descuentos?|ofertas?|rebajas?|rebajad[oa]s?|cupon(?:es)?|promocion(?:es)?|ganga",
    "cuanto (?:cuesta|vale|sale)n?",
    "envio gratis",
    besides=["[$\u20ac\u00a3\u00a5] ?\\d", "\\d ?[$\u20ac\u00a3\u00a5]", r"\d ?% (?:off|de descuento|dto)\b"],
)
PRODUCT = re.compile(
    r"[@#]\w{2,}"
    r"|\b[A-Za-z]{1,12}-?\d{1,6}(?:[A-Za-z]{1,4}\d{0,4})?\b"
    r"|(?<=\w)[\u2122\u00ae]"
    r"|\b[a-z]{1,3}[A-Z]\w{1,20}"
    r"|(?<=[a-z\u00e0-\u00ff,] )(?: ?[A-Z\u00c0-\u00dd][a-z\u00df-\u00ff]+)+"
)
"""Names of things, in the text as it was written."""

ASKING = re.compile(
    r"\W*(?:who|what|when|where|which|why|how|could|does|any(?:one|body)|should i|is (?:it|there|this)"
    r"|are (?:there|these|they)|do (?:you|they|i)|can (?:i|you|any|some)"
    r"|que|cual(?:es)?|donde|como|cuando|cuant[oa]s?|quien|alguien)\b"
)
"""How a question begins."""
