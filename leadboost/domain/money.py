"""Money as integer micros: millionths of a currency unit, exact, within a signed 64-bit integer."""

from decimal import ROUND_HALF_EVEN, Decimal

from leadboost.errors import InputError

MICROS_PER_UNIT = 1_000_000
MAX_MICROS = 2**63 - 1
_MAX_UNITS = Decimal(MAX_MICROS).scaleb(-6)


def to_micros(amount: Decimal | int | float | str, field: str = "amount") -> int:
    """Convert units of a currency to micros; what lies beyond six decimals is rounded half to even.

    A float is taken at its shortest decimal form, so 0.1 is exactly 100,000 micros. Text is a plain
    decimal (``12.5``, ``-3``, ``1e3``). Raises InputError naming ``field`` for anything that is not
    a finite number or lies outside the 64-bit range.
    """
    units = _decimal(amount, field)
    if not units.is_finite():
        raise InputError(field, f"{amount} is not a finite number")
    if units.copy_abs() > _MAX_UNITS:
        raise InputError(field, f"{amount} is too large; the limit is {_MAX_UNITS:f}")
    return int(units.scaleb(6).to_integral_value(rounding=ROUND_HALF_EVEN))


def _decimal(amount: Decimal | int | float | str, field: str) -> Decimal:
    try:
        return amount if isinstance(amount, Decimal) else Decimal(str(amount).strip())
    except ArithmeticError:
        raise InputError(field, f"{amount!r} is not a number") from None


def format_micros(micros: int) -> str:
    """Write micros as a plain decimal without trailing zeros or exponent: 12500000 is ``12.5``."""
    sign = "-" if micros < 0 else ""
    units, rest = divmod(abs(micros), MICROS_PER_UNIT)
    return f"{sign}{units}.{rest:06d}".rstrip("0").rstrip(".")
