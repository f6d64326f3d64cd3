"""Revokes a key on the admin page of one of three nodes while another stands still, and watches the receipt.

usage: receipt_flow.py ADDRESS TOKEN_FILE KEY_ID STANDING STANDING_PID

STANDING is the name of the node that stands still, STANDING_PID its process, which is let go on once the page has shown
that it is waited for. Ends with 1 if anything is not as it must be.
"""

import os
import signal
import sys
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ADDRESS, TOKEN_FILE, KEY_ID, STANDING, PID = sys.argv[1:6]
options = webdriver.ChromeOptions()
options.binary_location = "/usr/bin/chromium"
for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]:
    options.add_argument(argument)
driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
wait = WebDriverWait(driver, 60, poll_frequency=0.05, ignored_exceptions=[StaleElementReferenceException])


def find(css):
    return driver.find_element(By.CSS_SELECTOR, css)


def press(css, text):
    """Presses what is labelled so, and waits until the page after it is there."""
    before = find("html")
    next(e for e in driver.find_elements(By.CSS_SELECTOR, css) if e.text.strip() == text).click()
    wait.until(lambda _: find("html") != before and driver.execute_script("return document.readyState") == "complete")


def nodes():
    """Names of the receipt's nodes, and how each stands."""
    # In one go: the list is made anew with each word of a node.
    return driver.execute_script(
        """return Object.fromEntries([...document.querySelectorAll("[data-receipt-nodes] li")].map(
             row => [row.querySelector("code").textContent, row.querySelector(".badge").textContent.trim()]))"""
    )


try:
    driver.get(f"{ADDRESS}/admin/sign-in")
    find("[name=token]").send_keys(Path(TOKEN_FILE).read_text().strip())
    press("button.primary", find("button.primary").text.strip())
    driver.get(f"{ADDRESS}/admin/keys/{KEY_ID}/revoke")
    press("main button", "Revoke")
    text = lambda: find("[data-receipt-text]").text
    # Live: the page is not loaded anew.
    driver.execute_script("window.isTheSame = true")
    wait.until(lambda _: text() == "Obeyed by 2 of 3 nodes.")
    shown = nodes()
    assert len(shown) == 3 and shown.pop(STANDING).startswith("by "), shown
    assert set(shown.values()) == {"obeys"}, shown
    print("pending", flush=True)
    os.kill(int(PID), signal.SIGCONT)
    wait.until(lambda _: text() == "Obeyed by 3 of 3 nodes.")
    assert set(nodes().values()) == {"obeys"}, nodes()
    assert driver.execute_script("return window.isTheSame"), "the page was loaded anew"
    print("confirmed", flush=True)
finally:
    driver.quit()
