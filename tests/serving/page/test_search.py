"""Search, compare, filter, page: what is shown is what the API answers."""

from dataclasses import replace

import pytest

from retrieval.query_key import query_key
from serving.engine import SearchAsk, SearchEngine
from serving.settings import ServeSettings

QUERY = "red shoe"


def _answer(page, **body):
    return page.api("POST", "v1/search", {"query": QUERY, "explain": True, **body})


def _move(hit, first):
    places = hit["first_rank"] - hit["rank"]
    arrow = f"↑{places}" if places > 0 else f"↓{-places}" if places < 0 else "="
    return arrow if hit["id"] in first else f"{arrow} new"


def test_both_rankings_are_shown_with_what_moved(page):
    shown = page().open()
    assert shown.focused()[0] == "query"
    shown.keys(QUERY, "\n")
    answer = _answer(shown, size=10)
    first = [hit["id"] for hit in answer["first_stage"]]
    final = [hit["id"] for hit in answer["hits"]]
    assert first != final, "the test wants a query whose products move"
    assert (shown.ids("first"), shown.ids("final")) == (first, final)
    assert shown.texts("#final .rank") == [str(hit["rank"]) for hit in answer["hits"]]
    assert shown.texts("#final .move") == [_move(hit, first) for hit in answer["hits"]]
    assert shown.texts("#final .title") == [" ".join(hit["fields"]["title"].split()) for hit in answer["hits"]]
    for side, hits in (("first", answer["first_stage"]), ("final", answer["hits"])):
        scores = [float(text) for text in shown.texts(f"#{side} .score")]
        assert scores == [pytest.approx(hit["score"], rel=0.01, abs=0.006) for hit in hits]
    stages = [text.split()[0] for text in shown.texts(".stages li")]
    assert {"retrieve", "rerank"} <= set(stages)
    assert shown.said().startswith(f"10 results for {QUERY}, reranked by the student, in ")
    lines = shown.run("return [...document.querySelectorAll('#links path')].map(line => line.dataset.id)")
    assert sorted(lines) == sorted(set(first) & set(final))
    assert shown.run("return document.title") == f"{QUERY} · distilrank"


def test_a_product_that_enters_or_leaves_the_list_is_named_so(page):
    shown = page().open()
    for query in ("red shoe", "wool blanket", "steel knife", "wooden chair", "phone case", "garden hose"):
        answer = _answer(shown, query=query, size=3)
        first, final = ({hit["id"] for hit in answer[name]} for name in ("first_stage", "hits"))
        if final != first:
            break
    assert final != first, "the test wants a query whose first three change"
    shown.open(f"/?q={query}&size=3")
    new = [hit["id"] not in first for hit in answer["hits"]]
    assert [text.endswith("new") for text in shown.texts("#final .move")] == new
    assert len(shown.all("#first li.left")) == len(first - final)
    assert shown.texts("#first .badge") == ["left"] * len(first - final)


def test_the_same_product_is_marked_on_both_sides(page):
    shown = page().open(f"/?q={QUERY}")
    product = next(one for one in shown.ids("final") if one in shown.ids("first"))
    for side, other in (("final", "first"), ("first", "final")):
        shown.run("arguments[0].focus()", shown.find(f'#{side} .hit[data-id="{product}"]'))
        assert shown.run("return document.querySelector(`#${arguments[0]} .marked .hit`).dataset.id", other) == product
        assert shown.run("return document.querySelector('#links .marked').dataset.id") == product
        assert len(shown.all("#lists .marked")) == 3
    shown.find("#query").click()
    assert shown.all("#lists .marked") == []


def test_a_product_opens_to_its_fields_and_scores(page):
    shown = page().open(f"/?q={QUERY}")
    hit = _answer(shown)["hits"][0]
    assert not shown.shown("#final dl")
    shown.click("#final .hit")
    assert shown.find("#final .hit").get_attribute("aria-expanded") == "true"
    rows = dict(zip(shown.texts("#final li:first-child dt"), shown.texts("#final li:first-child dd"), strict=True))
    assert rows["id"] == hit["id"]
    for name, text in hit["fields"].items():
        assert rows.get(name, "") == " ".join(text.split())
    assert rows["first stage"].endswith(f"at place {hit['first_rank']}")
    shown.click("#final .hit")
    assert not shown.shown("#final dl")


def test_filters_come_from_the_window_and_are_kept_in_the_address(page):
    shown = page().open(f"/?q={QUERY}")
    facets = _answer(shown, facets=["title", "brand", "colour", "category"])["facets"]
    worth = [field for field, values in facets.items() if len(values) > 1 and values[0]["count"] > 1]
    assert shown.texts("legend") == worth
    assert "title" not in worth
    field, value = worth[0], facets[worth[0]][0]
    box = f'input[data-field="{field}"][value="{value["value"]}"]'
    count = shown.run("return arguments[0].closest('label').querySelector('.count').textContent", shown.find(box))
    assert count == str(value["count"])

    shown.click(box)
    wanted = _answer(shown, filters={field: [value["value"]]}, size=10)
    assert shown.ids("final") == [hit["id"] for hit in wanted["hits"]]
    assert all(hit["fields"][field] == value["value"] for hit in wanted["hits"])
    assert f"f.{field}=" in shown.place()
    assert shown.texts("#chips li") == [f"{field} {value['value']} ×"]
    assert shown.run("return document.activeElement === arguments[0]", shown.find(box))

    second = facets[field][1]["value"]  # still on offer, though no product of the filtered window has it
    shown.click(f'input[data-field="{field}"][value="{second}"]')
    both = _answer(shown, filters={field: [value["value"], second]}, size=10)
    assert shown.ids("final") == [hit["id"] for hit in both["hits"]]
    assert shown.texts("#chips button")[-1] == "Remove all"

    shown.open(shown.place())  # the address alone brings it back
    assert shown.ids("final") == [hit["id"] for hit in both["hits"]]
    shown.click("#chips li:last-child button")
    assert "f." not in shown.place()
    assert not shown.shown("#chips")
    assert shown.ids("final") == [hit["id"] for hit in _answer(shown)["hits"]]


def test_back_and_forward_go_through_the_searches(page):
    shown = page().open()
    shown.keys("wool blanket", "\n")
    blankets = shown.ids("final")
    shown.search(QUERY)
    shoes = shown.ids("final")
    assert shoes != blankets
    assert shown.place() == "/?q=red+shoe"
    for script, query, ids in (("back", "wool blanket", blankets), ("forward", QUERY, shoes)):
        shown.run(f"history.{script}()")
        shown.until(f"return document.getElementById('query').value === '{query}'")
        assert shown.rest().ids("final") == ids
    shown.run("history.go(-2)")
    shown.until("return !document.getElementById('start').hidden")
    assert shown.place() == "/"


def test_size_window_and_pages(page):
    shown = page().open(f"/?q={QUERY}")
    assert shown.find('#pager [data-step="-1"]').get_attribute("disabled")
    shown.click('#pager [data-step="1"]')
    assert shown.ids("final") == [hit["id"] for hit in _answer(shown, **{"from": 10})["hits"]]
    assert shown.texts("#place") == ["11–20"]
    assert shown.texts("#final .rank")[0] == "11"
    shown.choose("#size", "20")
    assert len(shown.ids("final")) == 20
    assert "from" not in shown.place()
    shown.choose("#window", "0")
    assert shown.ids("final") == shown.ids("first")
    assert set(shown.texts("#final .move")) == {"="}
    assert shown.texts("#final-title") == ["Not reranked"]
    assert "window=0" in shown.place()
    shown.open(f"/?q={QUERY}&size=7&window=5")  # values that are not on the lists
    assert len(shown.ids("final")) == 7
    assert [shown.find(css).get_attribute("value") for css in ("#size", "#window")] == ["7", "5"]
    assert shown.texts("#final .score")[5:] == ["·", "·"]  # beyond the window


@pytest.fixture
def judged(served):
    """An engine whose products are judged for one query: `judged(["E", "S"])` grades the first two found."""

    def make(grades):
        found = SearchEngine(lambda: served, ServeSettings(deadline_ms=0)).search(SearchAsk(QUERY)).hits
        judgements = {hit.hit.product_id: grade for hit, grade in zip(found, grades, strict=False)}
        known = replace(served, grades={query_key(QUERY): judgements})
        return SearchEngine(lambda: known, ServeSettings(deadline_ms=0))

    return make


def test_an_example_is_one_click_away(page, judged):
    shown = page(judged(["E"])).open()
    assert shown.texts("#examples a") == [QUERY]
    shown.click("#examples a")
    assert shown.place() == "/?q=red+shoe"
    assert len(shown.ids("final")) == 10


def test_judged_grades_are_lettered(page, judged):
    shown = page(judged(["E", "Irrelevant", "5"])).open(f"/?q={QUERY}")
    assert shown.texts("#final .grade") == ["E", "I", "5"] + [""] * 7
    assert shown.find("#final .grade").get_attribute("title") == "judged E"
    assert sorted(filter(None, shown.texts("#first .grade"))) == ["5", "E", "I"]
