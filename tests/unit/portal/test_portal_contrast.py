"""Every text colour stands out from every ground that it stands on, in both themes (WCAG 2.1, AA: 4.5 to 1)."""

import re

import pytest

from fink_lib.config import PROJECT_DIR

CSS = (PROJECT_DIR / "fink_lib" / "portal" / "static" / "portal.css").read_text()
ENOUGH = 4.5
TEXTS = ("ink", "soft", "link", "good", "bad", "u", "g", "r", "i", "z", "y", "other")


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--(\w+):(#[0-9a-f]{3,6})\b", block))


LIGHT = colours(CSS[: CSS.index("@media")])
DARK = {**LIGHT, **colours(CSS[CSS.index("@media") : CSS.index("* { box-sizing")])}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    r, g, b = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_that_of_wcag() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#767676", "#fff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ground", ["paper", "ground"])
def test_text_can_be_read(theme: dict[str, str], text: str, ground: str) -> None:
    assert contrast(theme[text], theme[ground]) >= ENOUGH


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_buttons_and_the_bar_can_be_read(theme: dict[str, str]) -> None:
    assert contrast(theme["paper"], theme["link"]) >= ENOUGH
    assert contrast("#dbe7f3", theme["bar"]) >= ENOUGH
