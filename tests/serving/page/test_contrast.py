"""Whether every text can be read, in daylight and at night."""

import pytest

CONTRAST = """
const rgba = (text) => text.match(/[\\d.]+/g).map(Number);
const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const colour = rgba(getComputedStyle(e).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const said = (e) => [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
const texts = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && said(e));
const weak = [];
for (const e of texts.filter((e) => !e.closest(".unseen, .skip, :disabled"))) {
  const [dark, bright] = [light(rgba(getComputedStyle(e).color)), light(behind(e))].sort((a, b) => a - b);
  const contrast = (bright + 0.05) / (dark + 0.05);
  if (contrast < 4.5) weak.push(`${e.tagName}.${e.className} ${contrast.toFixed(2)} ${e.textContent.slice(0, 30)}`);
}
return {texts: texts.length, weak};
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["/", "/?q=red shoe&size=5", "/?q=red shoe&size=5000"])
def test_every_text_has_the_contrast_of_wcag_aa(page, scheme, place):
    shown = page()
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    shown.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        found = shown.open(place).run(CONTRAST)
    finally:
        shown.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert found["texts"] > 5
    assert found["weak"] == []
