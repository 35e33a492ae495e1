"""The page in headless Chromium, over the real application."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from serving.app import create_app
from serving.engine import SearchEngine

WAIT_S = 20


class Page:
    """The page as a visitor has it; every method waits until the page is at rest."""

    def __init__(self, browser: Any, address: str) -> None:
        self.browser = browser
        self.address = address

    def open(self, place: str = "/") -> "Page":
        self.browser.get(self.address + place)
        return self.rest()

    def rest(self) -> "Page":
        self.until("return document.querySelector('main').getAttribute('aria-busy') === 'false'")
        return self

    def until(self, script: str) -> None:
        from selenium.webdriver.support.wait import WebDriverWait

        wait = WebDriverWait(self.browser, WAIT_S, poll_frequency=0.02)
        wait.until(lambda browser: browser.execute_script(script), script)

    def find(self, css: str) -> Any:
        return self.browser.find_element("css selector", css)

    def all(self, css: str) -> list[Any]:
        return self.browser.find_elements("css selector", css)

    def texts(self, css: str) -> list[str]:
        """What is to be seen in each of these elements, without what only screen readers get."""
        script = """
            const seen = (node) => node.nodeType === Node.TEXT_NODE ? [node.data]
              : node.classList.contains("unseen") || node.hidden ? [] : [...node.childNodes].flatMap(seen);
            const folded = (one) => seen(one).join(" ").replace(/\\s+/g, " ").trim();
            return [...document.querySelectorAll(arguments[0])].map(folded);
        """
        return self.run(script, css)

    def said(self) -> str:
        """What screen readers are told of the answer."""
        return self.run("return document.getElementById('status').textContent")

    def shown(self, css: str) -> bool:
        """Whether there is such an element, and it is to be seen."""
        return any(element.is_displayed() for element in self.all(css))

    def click(self, css: str) -> "Page":
        self.find(css).click()
        return self.rest()

    def choose(self, css: str, value: str) -> "Page":
        """Choose one of a list."""
        script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', {bubbles: true}))"
        self.run(script, self.find(css), value)
        return self.rest()

    def search(self, text: str) -> "Page":
        """Type another query over the one that is there."""
        self.run("arguments[0].select(); arguments[0].focus()", self.find("#query"))
        return self.keys(text, "\n")

    def keys(self, *keys: str) -> "Page":
        """Type into whatever has the focus."""
        self.browser.switch_to.active_element.send_keys(*keys)
        return self.rest()

    def ids(self, side: str) -> list[str]:
        """Products of a ranking, in its order."""
        return self.run("return [...document.querySelectorAll(`#${arguments[0]} .hit`)].map(b => b.dataset.id)", side)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The API's own answer, asked from the page."""
        script = """
            const [method, path, body] = arguments;
            const headers = {"Content-Type": "application/json"};
            return fetch(path, {method, headers, body: body && JSON.stringify(body)}).then((answer) => answer.json());
        """
        return self.run(script, method, path, body)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def focused(self) -> tuple[str, str]:
        """Where the focus is: the list and the product, or the element's id."""
        return tuple(
            self.run("const e = document.activeElement; return [e.closest('ol')?.id ?? e.id, e.dataset.id ?? ''];")
        )

    def place(self) -> str:
        """The address after the host."""
        return self.run("return location.pathname + location.search")

    def screen(self, width: int, height: int = 900) -> "Page":
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        return self

    def complaints(self) -> list[str]:
        """What the browser wrote into its console since it was last asked, but for refused requests."""
        return [one["message"] for one in self.browser.get_log("browser") if one["source"] != "network"]


@pytest.fixture
def page(
    chromium: Any, engine: Callable[..., SearchEngine], address: Callable[..., str]
) -> Iterator[Callable[..., Page]]:
    """Serves an engine (made as by `engine`, or given) and opens nothing yet; the console must stay empty."""
    made: list[Page] = []

    def serve(one: SearchEngine | None = None, **settings: Any) -> Page:
        made.append(Page(chromium, address(create_app(one or engine(**settings)))).screen(1280))
        return made[-1]

    chromium.get_log("browser")
    yield serve
    for one in made:
        assert one.complaints() == []
    chromium.get("about:blank")  # before the server stops: a page left open would keep its connections
