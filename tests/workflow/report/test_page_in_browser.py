"""The report opened from disk in Chromium: nothing is fetched, nothing runs, nothing sticks out, keys work."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def opened(chromium: Any, flawed_run: Path) -> Any:
    chromium.get_log("browser")  # what earlier pages said
    chromium.get((flawed_run / "report" / "report.html").as_uri())
    return chromium


def test_nothing_is_fetched_and_no_script_runs(opened: Any) -> None:
    assert opened.get_log("browser") == []
    assert opened.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert opened.execute_script("return document.scripts.length + document.images.length") == 0
    assert "script" in opened.find_element("css selector", "#queries").text  # hostile titles are text


@pytest.mark.parametrize("width", [400, 900, 1400])
def test_nothing_sticks_out_at_any_width(opened: Any, width: int) -> None:
    opened.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        assert opened.execute_script("return innerWidth") == width
        assert opened.execute_script("return document.documentElement.scrollWidth") <= width
        charts = opened.find_elements("css selector", "figure svg")
        assert charts
        assert min(chart.size["width"] for chart in charts) >= 200
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_details_open_by_key(opened: Any) -> None:
    closed = opened.find_element("css selector", "details:not([open]) > summary")
    before = len(opened.find_elements("css selector", "details[open]"))
    closed.send_keys("\ue007")  # Enter
    assert len(opened.find_elements("css selector", "details[open]")) == before + 1


def test_printed_it_shows_what_is_folded(opened: Any) -> None:
    pdf = opened.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]
    assert len(json.dumps(pdf)) > 20_000
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown = "return [...document.querySelectorAll('details:not([open]) .lists')].every(one => one.offsetHeight > 0)"
        assert opened.execute_script(shown)
    finally:
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
