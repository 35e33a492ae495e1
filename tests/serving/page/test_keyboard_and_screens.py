"""Without a mouse, without eyes, on any screen."""

import pytest

QUERY = "red shoe"
OPERATED = ("button", "link", "searchbox", "combobox", "checkbox", "region")
DOWN, UP, LEFT, RIGHT, HOME, END, ESCAPE, TAB, ENTER = (
    "\ue015", "\ue013", "\ue012", "\ue014", "\ue011", "\ue010", "\ue00c", "\ue004", "\ue007",
)  # fmt: skip


def test_keys_lead_through_the_products_and_back(page):
    shown = page().open(f"/?q={QUERY}")
    first, final = shown.ids("first"), shown.ids("final")
    shown.find("body").click()
    shown.keys("/")
    assert shown.focused() == ("query", "")
    assert shown.find("#query").get_attribute("value") == QUERY  # the slash itself is not typed
    shown.keys(DOWN)
    assert shown.focused() == ("final", final[0])
    shown.keys(DOWN, DOWN)
    assert shown.focused() == ("final", final[2])
    shown.keys(END, DOWN)
    assert shown.focused() == ("final", final[-1])
    shown.keys(HOME)
    assert shown.focused() == ("final", final[0])
    both = next(one for one in final if one in first)
    shown.keys(DOWN * final.index(both), LEFT)
    assert shown.focused() == ("first", both)
    shown.keys(LEFT)
    assert shown.focused() == ("first", both)
    shown.keys(RIGHT)
    assert shown.focused() == ("final", both)
    shown.keys(ENTER)
    assert shown.shown("#final dl")
    shown.keys(ESCAPE)
    assert shown.focused()[0] == "query"
    shown.keys("/")  # here it is a letter
    assert "/" in shown.find("#query").get_attribute("value")
    shown.keys(DOWN, UP)
    assert shown.focused()[0] == "query"


def test_the_tab_key_stops_once_a_list(page):
    shown = page().open(f"/?q={QUERY}")
    stops = []
    shown.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    for _ in range(60):
        shown.keys(TAB)
        if (stop := shown.run("return document.activeElement.outerHTML.slice(0, 120)")) in stops:
            break
        stops.append(stop)
    hits = [stop for stop in stops if 'class="hit"' in stop]
    assert len(hits) == 2
    assert "skip" in stops[0]
    assert any('id="query"' in stop for stop in stops[:4])


def test_everything_to_operate_has_a_name_and_the_answer_is_announced(page):
    shown = page().open(f"/?q={QUERY}")
    nodes = shown.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"] and node["role"]["value"] in OPERATED
    ]
    assert len([role for role, _ in named if role == "button"]) > 20
    assert [role for role, name in named if not name] == []
    products = [name for role, name in named if role == "button" and "score" in name]
    assert len([name for name in products if " place" in name]) == 10
    assert not any(arrow in name for name in products for arrow in "↑↓=")
    assert shown.find("#status").get_attribute("aria-live") == "polite"
    assert shown.find("#problem").get_attribute("role") == "alert"


@pytest.mark.parametrize("width", [320, 390, 800, 801, 1100, 1280, 2560])
def test_no_screen_scrolls_sideways(page, width):
    shown = page().screen(width)
    for place in ("/", f"/?q={QUERY}", f"/?q={QUERY}&size=5000", f"/?q={'long' * 100}&f.brand={'x' * 200}"):
        shown.open(place)
        assert shown.run("return document.documentElement.scrollWidth") <= width, place
    shown.open(f"/?q={QUERY}")
    assert [shown.shown("#first"), shown.shown("#final")] == [width > 800, True]
    assert shown.shown("#switch") == (width <= 800)


def test_a_narrow_screen_shows_one_ranking_and_switches(page):
    shown = page().screen(390, 800).open(f"/?q={QUERY}")
    assert not shown.run("return document.getElementById('filters').open")
    shown.click('#switch [data-side="first"]')
    assert [shown.shown("#first"), shown.shown("#final")] == [True, False]
    assert [one.get_attribute("aria-pressed") for one in shown.all("#switch button")] == ["true", "false"]
    shown.find("#query").click()
    shown.keys(DOWN)
    assert shown.focused()[0] == "first"
    shown.keys(RIGHT)  # the other ranking comes into view with the focus
    assert shown.focused()[0] == "final"
    assert [shown.shown("#first"), shown.shown("#final")] == [False, True]
    touched = (
        "return [...document.querySelectorAll('.hit, #switch button, .box button')].filter(b => b.checkVisibility())"
    )
    heights = shown.run(touched + ".map(b => b.getBoundingClientRect().height)")
    assert min(heights) >= 32
