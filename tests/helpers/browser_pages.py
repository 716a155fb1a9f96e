"""A headless browser that shows the page, asks it questions, and waits for what it draws."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def found_browser() -> tuple[str, str]:
    """Return the paths of Chromium and its driver; skip where they are missing, or fail where they were promised."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium and driver:
        return chromium, driver
    complain = pytest.fail if os.environ.get("LOOPMARK_BROWSER") == "required" else pytest.skip
    complain("needs Debian's chromium and chromium-driver, which are not installed here")


def started():
    """Start a headless browser that keeps its console's messages."""
    chromium, driver = found_browser()
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    browser.command_executor.client_config.timeout = 300  # a busy machine starts a page slowly
    return browser


def show(browser, folder: Path, width: int, theme: str) -> None:
    size = {"width": width, "height": 1200, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    preference = {"name": "prefers-color-scheme", "value": theme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})
    browser.get("about:blank")  # another address after # alone does not load a page again
    browser.get(f"file://{folder}/index.html")

    wait(browser)


def ask(page, **question) -> None:
    """Fill in the question, and wait for its answer to be drawn."""
    page.execute_script(
        """const form = document.getElementById("question");
        for (const [name, value] of Object.entries(arguments[0])) form.elements[name].value = value;
        form.dispatchEvent(new Event("change"))""",
        question,
    )
    wait(page)


def look_at(page, view: str) -> None:
    page.execute_script("document.querySelector(`nav button[value='${arguments[0]}']`).click()", view)
    wait(page)


def wait(page) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(page, 120).until(lambda page: page.execute_script("return document.body.ariaBusy") == "false")
