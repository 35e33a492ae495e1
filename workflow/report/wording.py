"""Numbers as the report prints them."""

from eval.bootstrap import Interval

MINUS = "−"
_SPACE = "\u00a0"  # no line breaks here


def number(value: float, digits: int = 3) -> str:
    """A number with a real minus sign."""
    return f"{value:.{digits}f}".replace("-", MINUS)


def difference(value: float, digits: int = 3) -> str:
    """A number with its sign."""
    return f"{value:+.{digits}f}".replace("-", MINUS)


def interval(of: Interval, *, signed: bool = False, digits: int = 3) -> str:
    """The interval in brackets."""
    low, high = (difference(bound, digits) if signed else number(bound, digits) for bound in (of.low, of.high))
    return f"[{low}, {high}]"


def p_value(p: float | None) -> str:
    """A p-value in words; empty where there is none."""
    if p is None:
        return ""
    return f"p{_SPACE}<{_SPACE}.001" if p < 0.001 else f"p{_SPACE}={_SPACE}{p:.3f}".replace("0.", ".", 1)
