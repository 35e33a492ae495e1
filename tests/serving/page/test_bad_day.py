"""Errors, degraded answers, slow answers, hostile products: told kindly, and never in the way of the next search."""

import threading

from serving.engine import SearchEngine
from serving.settings import ServeSettings
from tests.serving.doubles import BrokenReranker

QUERY = "red shoe"
HOSTILE = '<img src=x onerror="window.hacked = true"><script>window.hacked = true</script>red shoe'


class SlowFor:
    """Scores like the real one, but one query only when `release` is set."""

    def __init__(self, real, text):
        self.real, self.text = real, text
        self.asked, self.release = threading.Event(), threading.Event()

    def score(self, pairs):
        if pairs and pairs[0][0].text == self.text:
            self.asked.set()
            self.release.wait(30)
        return self.real.score(pairs)


def test_an_error_is_told_with_its_request_and_the_next_search_works(page):
    shown = page().open(f"/?q={QUERY}&size=5000")
    assert shown.texts("#problem h2") == ["This search was not answered"]
    told = shown.api("POST", "v1/search", {"query": QUERY, "size": 5000})["error"]["message"]
    assert told.rstrip(".").lower() in shown.texts("#problem p")[0].lower()
    assert len(shown.texts("#problem code")[0]) >= 8
    assert not shown.shown("#answer")
    shown.choose("#size", "10")
    assert not shown.shown("#problem")
    assert len(shown.ids("final")) == 10


def test_an_unknown_filter_field_is_an_error_with_a_way_back(page):
    shown = page().open(f"/?q={QUERY}&f.nonsense=1")
    assert "nonsense" in shown.texts("#problem p")[0]
    shown.search("wool blanket")
    assert len(shown.ids("final")) == 10


def test_a_server_that_is_gone_is_told_and_asked_again_by_a_button(page):
    shown = page().open()
    shown.run("window.realFetch = fetch; window.fetch = () => Promise.reject(new TypeError('Failed to fetch'))")
    shown.keys(QUERY, "\n")
    assert shown.texts("#problem p") == ["The server cannot be reached."]
    shown.run("window.fetch = window.realFetch")
    shown.click("#problem button")
    assert len(shown.ids("final")) == 10


def test_a_degraded_answer_is_shown_with_the_reason(page):
    shown = page(reranker=BrokenReranker(RuntimeError("boom"))).open(f"/?q={QUERY}")
    told = "Not reranked. The reranker failed. The products are in the first stage's order."
    assert shown.texts("#degraded") == [told]
    assert shown.shown("#degraded")
    assert "reranker failed" in shown.said()
    assert shown.ids("final") == shown.ids("first")
    assert "boom" not in shown.run("return document.body.textContent")


def test_nothing_found_is_no_error(page):
    shown = page().open(f"/?q={QUERY}&f.brand=no such brand")
    assert shown.texts("#nothing") == ["No product matches with these filters."]
    assert not shown.shown("#lists")
    assert not shown.shown("#problem")
    shown.click("#chips button")
    assert len(shown.ids("final")) == 10
    assert shown.open(f"/?q={QUERY}&from=500").texts("#nothing") == ["There are no more products."]
    shown.click('#pager [data-step="-1"]')
    assert shown.place() == "/?q=red+shoe&from=490"


def test_a_late_answer_never_replaces_a_newer_one(page, served):
    slow = SlowFor(served.reranker, "slow search")
    shown = page(reranker=slow).open(f"/?q={QUERY}")
    wanted = shown.ids("final")
    shown.run("arguments[0].select()", shown.find("#query"))
    shown.browser.switch_to.active_element.send_keys("slow search\n")
    assert slow.asked.wait(20)
    shown.until("return document.body.classList.contains('waiting')")
    assert shown.ids("final") == wanted  # the old answer stays until there is a new one
    shown.search(QUERY)
    slow.release.set()
    for _ in range(3):  # time for the slow answer to arrive
        shown.api("POST", "v1/search", {"query": "wool blanket", "explain": True})
    assert shown.ids("final") == wanted
    assert QUERY in shown.said()
    assert shown.find("#query").get_attribute("value") == QUERY
    assert not shown.run("return document.body.classList.contains('waiting')")
    assert not shown.shown("#problem")


def test_product_text_is_text_wherever_it_is_shown(page, live_served):
    engine = SearchEngine(live_served, ServeSettings(deadline_ms=0))
    shown = page(engine).open()
    for product in ("<b>1</b>", "2\"'><img src=x>"):
        fields = {"title": HOSTILE, "brand": "<b>brand</b>", "colour": '"><svg onload=alert(1)>', "category": "<i>"}
        changed = shown.api("PUT", "v1/products/" + _escaped(shown, product), {"fields": fields})
        assert changed["changes"] == 1, changed
    shown.open("/?q=" + _escaped(shown, HOSTILE))
    assert shown.texts("#final .title")[:2] == [" ".join(HOSTILE.split())] * 2
    assert "<b>brand</b>" in shown.texts("#facets .name")
    shown.click("#final .hit")
    shown.click('#facets input[data-field="brand"]')
    shown.open(f"/?q={QUERY}&f.brand=" + _escaped(shown, "<b>brand</b>"))
    assert shown.texts("#chips li")[0] == "brand <b>brand</b> ×"
    assert len(shown.ids("final")) == 2
    for element in ("img", "b", "i", "main script", "#lists svg svg"):
        assert shown.all(element) == [], element
    assert not shown.run("return window.hacked === true")


def test_a_hostile_address_does_no_harm(page):
    hostile = "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"
    shown = page().open(f"/?q={hostile}&size=-1&from=1e9&window=abc&f.=&f.%3Cb%3E=%3Cb%3E")
    assert shown.shown("#problem")
    assert shown.all("img, b") == []
    assert shown.open("/?q=%ED%A0%80&q=2&size=0010").rest().shown("#answer, #problem")


def test_a_server_with_keys_asks_for_one(page):
    shown = page(api_keys=("secret-key",)).open(f"/?q={QUERY}")
    assert shown.texts("#problem h2") == ["This server asks for a key"]
    shown.find("#problem input").send_keys("wrong")
    shown.click("#problem form button")
    assert "not known" in shown.texts("#problem p")[0]
    shown.find("#problem input").send_keys("secret-key")
    shown.click("#problem form button")
    assert len(shown.ids("final")) == 10
    assert shown.texts("legend")  # the key also opens what can be filtered by
    assert "secret" not in shown.place()
    assert len(shown.open(f"/?q={QUERY}&size=5").ids("final")) == 5  # kept while the tab is open


def _escaped(page, text):
    return page.run("return encodeURIComponent(arguments[0])", text)
