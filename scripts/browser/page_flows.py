"""Uses the admin page and the owners' page as people do: in Debian's Chromium, by mouse and by keyboard, with JavaScript and without.

usage: page_flows.py ADDRESS TOKEN_FILE FOLDER [AXE]

ADDRESS is that of a server whose store may be filled, TOKEN_FILE holds an admin token, FOLDER gets the screenshots,
AXE is axe.min.js: without it accessibility is not checked. Ends with 1 if anything is not as it must be.
"""

import base64
import html
import http.server
import json
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, TimeoutException
from selenium.webdriver.support.ui import Select, WebDriverWait

ADDRESS, TOKEN_FILE, FOLDER = sys.argv[1:4]
AXE = Path(sys.argv[4]).read_text() if len(sys.argv) > 4 else None
ADMIN = Path(TOKEN_FILE).read_text().strip()
PAGE = f"{ADDRESS}/admin"
# Whatever runs of these says so in the title, which no text does alone.
HOSTILE = [
    "<script>document.title='XSS'</script>",
    "\"><img src=x onerror=\"document.title='XSS'\">",
    "' autofocus onfocus=document.title='XSS' x='",
    "\"\u0301 autofocus onfocus=document.title='XSS' x=\"\u0301",
    "</textarea><svg onload=document.title='XSS'>",
    "</title><script>document.title='XSS'</script>",
    "javascript:document.title='XSS'",
    "{{{title}}}<%= 1 %>${document.title='XSS'}",
    "<a href=\"javascript:document.title='XSS'\">x</a>",
    "\u202e<b onmouseover=document.title='XSS'>",
]
# The others need a click, a pointer or a template.
RUN_BY_THEMSELVES = [0, 1, 2, 3, 4, 5]
# All that an owner's name may hold.
OWNER = "<img/src=x/onerror=document.title=1>"
checks = 0


def check(condition, text):
    global checks
    checks += 1
    if not condition:
        raise AssertionError(text)


def call(method, path, body=None, token=ADMIN, headers=()):
    """The interface for programs."""
    request = urllib.request.Request(
        f"{ADDRESS}{path}", method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("X-API-Key", token)
    for name, value in headers:
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer) if "json" in (answer.headers["Content-Type"] or "") else None
    except urllib.error.HTTPError as error:
        return error.code, None


def works(token):
    return call("GET", "/v1/self", token=token)[0] == 200


class Browser:
    def __init__(self, scripts=True, dark=False, width=1280, height=900):
        self.name = f"{'dark' if dark else 'light'}-{width}{'' if scripts else '-noscript'}"
        self.scripts = scripts
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--hide-scrollbars", "--force-prefers-reduced-motion", f"--window-size={width},{height}",
                         # Somebody else's name that leads here.
                         "--host-resolver-rules=MAP rebind.example 127.0.0.1"]:
            options.add_argument(argument)
        if not scripts:
            options.add_experimental_option(
                "prefs", {"profile.managed_default_content_settings.javascript": 2})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.set_page_load_timeout(120)
        self.driver.set_script_timeout(300)
        # What is looked at may belong to the page that is just being left.
        self.wait = WebDriverWait(
            self.driver, 60, ignored_exceptions=[NoSuchElementException, StaleElementReferenceException])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def open(self, path):
        self.driver.get(f"{PAGE}{path}")

    def open_portal(self, path):
        self.driver.get(f"{ADDRESS}/keys{path}")

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def has(self, css):
        return bool(self.all(css))

    @property
    def heading(self):
        return self.find("h1").text

    def fill(self, name, text):
        field = self.find(f"[name={name}]")
        field.clear()
        field.send_keys(text)

    def go(self, element):
        """Follows a link or sends a form, and waits for the page after it."""
        before = self.find("html")
        element.click()
        self.wait.until(lambda _: gone(before))
        self.wait.until(lambda _: self.has("h1"))

    def press(self, text):
        self.go(next(e for e in self.all("main button, main a.button") if e.text.strip() == text))

    def sign_in(self, token=ADMIN):
        self.open("/sign-in")
        self.fill("token", token)
        self.go(self.find("button.primary"))

    def shot(self, name):
        """The whole page, its look and whether others can use it too."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        image = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True, "clip": {
                "x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 4000), "scale": 1}})
        Path(FOLDER, f"{name}-{self.name}.png").write_bytes(base64.b64decode(image["data"]))
        # Nothing sticks out to the side.
        metrics = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
        check(metrics["cssContentSize"]["width"] <= metrics["cssLayoutViewport"]["clientWidth"],
              f"{name} {self.name}: wider than the window")
        if AXE and self.scripts:
            self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
            found = self.driver.execute_async_script(
                "const done = arguments[0]; axe.run(document).then(r => done(r.violations))")
            serious = [(v["id"], v["impact"], [n["target"] for n in v["nodes"]][:3]) for v in found
                       if v["impact"] in ("serious", "critical", "moderate")]
            check(not serious, f"{name} {self.name}: axe: {serious}")

    def holds(self, text):
        """Whether the page shows a text, or has it in a field: as text, letter by letter."""
        return self.driver.execute_script(
            "const text = arguments[0];"
            "return document.documentElement.textContent.includes(text)"
            " || [...document.querySelectorAll('input, textarea')].some((field) => field.value.includes(text))", text)

    def no_script_ran(self, where):
        check(self.driver.title.endswith(" · Cardea"), f"a script ran: {where}")


def gone(element):
    try:
        element.is_enabled()
        return False
    except Exception:
        return True


def signing_in(browser):
    browser.open("/keys")
    check(browser.heading == "Sign in to Cardea", "a stranger is led to the sign-in")
    browser.shot("sign-in")
    for token in ["nonsense", ADMIN[:-1]] + (HOSTILE if browser.scripts else []):
        browser.sign_in(token)
        check("not valid" in browser.find("#error").text, "a wrong token is refused")
        # As it stands in the source or, where it is escaped there, in what the browser makes of it.
        check(token not in browser.driver.page_source and not (browser.scripts and browser.holds(token)),
              "a presented token is not repeated")
        browser.no_script_ran("presented token")
    browser.shot("sign-in-refused")
    browser.sign_in()
    check(browser.heading == "Overview", "the right one opens the page")
    cookie = browser.driver.get_cookie("__Host-cardea")
    check(cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "Strict", "the cookie is kept close")
    check(ADMIN not in browser.driver.page_source, "the token is not shown")
    browser.shot("overview")


def creating(browser):
    browser.open("/keys")
    browser.press("New key")
    browser.fill("name", "Made in a browser")
    browser.fill("description", "By a person")
    browser.fill("owner", "acme")
    browser.fill("scopes", "orders:read orders:write")
    browser.fill("expires", "eventually")
    browser.fill("metadata", '{"team": "billing"}')
    browser.shot("key-new")
    browser.press("Make the key")
    check("has to be put right" in browser.find(".error-summary").text, "a bad field is named")
    check(browser.find("[name=owner]").get_attribute("value") == "acme", "nothing has to be typed again")
    browser.shot("key-new-faulty")
    browser.fill("expires", "30d")
    browser.press("Make the key")
    check(browser.heading == "The key is made", "a key is made")
    token = browser.find("#token").text
    check(works(token), "its token works")
    check(token not in browser.driver.current_url, "its token is in no address")
    browser.shot("key-issued")
    check(browser.find("[data-copy]").is_displayed() == browser.scripts, "there is a button to copy where it works")
    # A reload sends the form again, which shows nothing and makes nothing.
    browser.driver.execute_cdp_cmd("Page.reload", {})
    browser.wait.until(lambda _: browser.has("h1") and browser.heading == "This form was sent before")
    check(token not in browser.driver.page_source, "a reload does not show it again")
    browser.open("/keys?query=Made+in+a+browser")
    browser.go(browser.find("td.lead a"))
    check(browser.heading == "Made in a browser", "it has a page")
    check(token not in browser.driver.page_source, "which does not show its token")
    browser.shot("key")
    return token


def changing(browser, token):
    place = browser.driver.current_url.split("/admin")[1]
    browser.press("Edit")
    check(browser.find("[name=scopes]").get_attribute("value") == "orders:read\norders:write", "scopes are there")
    browser.shot("key-edit")
    browser.fill("name", "Edited in a browser")
    browser.press("Save")
    check(browser.heading == "Edited in a browser" and browser.has(".notice"), "it can be edited")

    browser.press("Rotate")
    browser.fill("overlap", "24h")
    browser.shot("key-rotate")
    browser.press("Rotate")
    second = browser.find("#token").text
    check(works(token) and works(second), "both tokens work in the overlap")
    browser.press("I have it: go to the key")
    check(browser.has("[data-countdown]"), "the overlap is counted down")
    browser.shot("key-rotating")
    browser.press("Cancel…")
    browser.press("Cancel rotation")
    check(works(token) and not works(second), "cancelled: only the old one works")
    browser.press("Rotate")
    browser.fill("overlap", "1h")
    browser.press("Rotate")
    third = browser.find("#token").text
    browser.press("I have it: go to the key")
    browser.press("Complete…")
    browser.press("Complete rotation")
    check(works(third) and not works(token), "complete: only the new one works")

    browser.press("Suspend…")
    browser.press("Suspend")
    check(not works(third) and browser.has(".badge.suspended"), "suspended")
    browser.press("Reactivate…")
    browser.press("Reactivate")
    check(works(third), "reactivated")
    browser.press("Revoke…")
    browser.shot("key-revoke")
    browser.press("Revoke")
    check(not works(third) and browser.has(".badge.revoked"), "revoked")
    browser.press("Purge…")
    browser.press("Purge")
    check(browser.heading == "(erased)" and browser.has(".badge.purged"), "purged")
    check("(erased)" in browser.find("main").text, "and shown so")
    browser.open(place + "/rotate")
    browser.press("Rotate")
    check("purged" in browser.find(".error-summary").text, "what can't be done is said")


def listing(browser):
    for number in range(60):
        status, _ = call("POST", "/v1/keys", {
            "name": f"Service {number}", "owner": f"team-{number % 3}", "scopes": ["orders:read", f"s{number}:x"]})
        check(status == 201, "keys to list")
    browser.open("/keys")
    check(len(browser.all("tbody tr")) == 50, "a page of keys")
    browser.shot("keys")
    browser.go(browser.find("a[rel=next]"))
    check(browser.all("tbody tr"), "the next page")
    browser.go(browser.find("a[rel=prev]"))
    check(len(browser.all("tbody tr")) == 50, "the page before")
    browser.go(browser.find("a[rel=next]"))
    browser.press("First page")
    browser.fill("query", "Service 5")
    browser.fill("owner", "team-2")
    Select(browser.find("[name=state]")).select_by_value("active")
    browser.press("Filter")
    names = [e.text for e in browser.all("td.lead a")]
    check(names and all(n.startswith("Service 5") for n in names), f"filtered: {names}")
    browser.shot("keys-filtered")
    ticks = browser.all("input[name=id]")[:2]
    for tick in ticks:
        tick.click()
    browser.press("Suspend…")
    browser.shot("keys-bulk")
    browser.press("Suspend 2 keys")
    check("2 keys suspended" in browser.find(".notice").text, "two at once")
    browser.open("/keys?query=Service+1&state=active&limit=2")
    for tick in browser.all("input[name=id]"):
        tick.click()
    browser.press("Purge…")
    check("can be brought back" in browser.find("form.final").text, "what a purge means")
    browser.press("Purge 2 keys")
    check("2 keys purged" in browser.find(".notice").text, "two purged")
    browser.open("/keys?state=suspended&scope=s2:x")
    if not browser.has("tbody tr"):
        check(browser.has(".empty"), "an empty list says so")
    browser.open("/keys?query=there-is-no-such-key")
    check(browser.has(".empty"), "an empty list says so")
    browser.shot("keys-empty")
    browser.open("/keys?expires=tomorrow")
    check(browser.has(".error-summary"), "a filter that can't be read is named")


def owners(browser):
    name = f"org-{browser.name}"
    browser.open("/owners/new")
    browser.fill("name", name)
    Select(browser.find("[name=kind]")).select_by_value("organization")
    browser.fill("members", "ann bob")
    browser.fill("max_keys", "3")
    browser.press("Make the owner")
    check(browser.heading == name, "an owner is made")
    browser.press("Edit")
    browser.fill("max_keys", "lots")
    browser.press("Save")
    check(browser.has(".error-summary"), "a bad number is named")
    browser.fill("max_keys", "5")
    browser.press("Save")
    browser.press("New key")
    check(browser.find("[name=owner]").get_attribute("value") == name, "a key for them")
    browser.fill("name", "Theirs")
    browser.press("Make the key")
    token = browser.find("#token").text
    browser.open(f"/owners?name={name}")
    browser.go(browser.find("td.lead a"))
    browser.shot("owner")
    browser.press("Disable…")
    browser.press("Disable")
    check(not works(token), "disabled")
    browser.press("Enable…")
    browser.press("Enable")
    check(works(token), "enabled")
    browser.open("/owners")
    browser.shot("owners")


def audit(browser):
    browser.open("/audit")
    browser.shot("audit")
    browser.fill("action", "key_revoked")
    browser.press("Filter")
    check({e.text for e in browser.all("td[data-label=What] code")} == {"key_revoked"}, "filtered by action")
    browser.open("/audit/verify")
    check(browser.has(".badge.intact") and not browser.has(".badge.broken"), "the chains are intact")
    browser.shot("audit-verify")
    browser.open("/audit?action=no_such_thing")
    check(browser.has(".error-summary"), "an unknown action is named")
    exporting(browser)


def exporting(browser):
    with tempfile.TemporaryDirectory() as folder:
        browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": folder})
        browser.open("/audit?action=key_revoked")
        next(e for e in browser.all("main a.button") if e.text.startswith("Export")).click()
        file = Path(folder, "audit.jsonl")
        browser.wait.until(lambda _: file.exists() and file.stat().st_size)
        entries = [json.loads(line) for line in file.read_text().splitlines()]
        check(entries and {e["action"] for e in entries} == {"key_revoked"}, "what the filter shows is exported")
        check(browser.heading == "Audit", "and the page stays")


def runs(browser, text):
    """Whether a text runs where it is written into a page as it is."""
    page = (f"<!doctype html><title>{text}</title><p>{text}</p><input value=\"{text}\"><input value='{text}'>"
            f"<textarea>{text}</textarea>")
    browser.driver.get("data:text/html;charset=utf-8," + urllib.request.quote(page))
    try:
        WebDriverWait(browser.driver, 2).until(lambda driver: driver.title == "XSS")
        return True
    except TimeoutException:
        return False


def webhooks(browser):
    browser.open("/webhooks")
    browser.press("New webhook")
    browser.fill("url", "http://hooks.example.org/")
    browser.fill("description", "The shop")
    browser.find("input[value=key_revoked]").click()
    browser.press("Make the webhook")
    check("https" in browser.find(".error-summary").text, "a bad URL is named")
    check(browser.find("input[value=key_revoked]").is_selected(), "what was ticked is still")
    browser.shot("webhook-new-faulty")
    browser.fill("url", "https://localhost:1/hooks")
    browser.press("Make the webhook")
    secret = browser.find("#token").text
    check(browser.heading == "The webhook is made" and secret.startswith("whsec_"), "its secret is shown")
    check(browser.find("[data-copy]").is_displayed() == browser.scripts, "there is a button to copy where it works")
    browser.shot("webhook-secret")
    browser.press("I have it: go to the webhook")
    check(secret not in browser.driver.page_source, "and not again")
    place = browser.driver.current_url.split("/admin")[1]
    browser.press("Send a test")
    check("was not delivered" in browser.find("main > .warning").text, "what came of a test is said")
    browser.shot("webhook")
    browser.press("Edit")
    browser.fill("description", "The other shop")
    browser.shot("webhook-edit")
    browser.press("Save")
    check("The other shop" in browser.find("main").text, "it can be edited")
    browser.press("Rotate secret…")
    browser.fill("overlap", "24h")
    browser.shot("webhook-rotate")
    browser.press("Rotate secret")
    check(browser.find("#token").text not in ("", secret), "it has a new secret")
    browser.press("I have it: go to the webhook")
    check("Two secrets sign" in browser.find("main").text, "the old one signs too for a while")
    browser.press("Disable…")
    browser.press("Disable")
    check(browser.find(".sub .badge").text == "disabled", "disabled")
    browser.press("Enable…")
    browser.press("Enable")
    check(browser.find(".sub .badge").text == "enabled", "enabled")
    browser.open(place + "/dead-letters")
    check(browser.has(".empty"), "no dead letters")
    browser.shot("dead-letters")
    browser.open("/webhooks")
    check(browser.find("tbody td.lead a").text == "https://localhost:1/hooks", "it is listed")
    browser.shot("webhooks")
    browser.open(place)
    browser.press("Delete…")
    browser.shot("webhook-delete")
    browser.press("Delete")
    check(browser.has(".empty"), "deleted")
    browser.shot("webhooks-empty")


def dead_letters(browser):
    """What was given up on is seen, and sent again."""
    status, hook = call("POST", "/v1/webhooks", {"url": "https://localhost:1/hooks", "signals": ["key_created"]})
    check(status == 201, "a webhook that nobody answers")
    place = f"/webhooks/{hook['webhook']['id']}"
    for number in range(2):
        check(call("POST", "/v1/keys", {"name": f"Told to nobody {number}"})[0] == 201, "a signal for it")
    for _ in range(240):
        browser.open(f"{place}/dead-letters")
        if len(browser.all("tbody tr")) == 2:
            break
        time.sleep(0.5)
    rows = browser.all("tbody tr")
    check(len(rows) == 2 and all("key_created" in row.text for row in rows), "two dead letters")
    browser.shot("dead-letters")
    browser.go(rows[0].find_element(By.CSS_SELECTOR, "button"))
    check("1 dead letter is delivered again" in browser.find(".notice").text, "one is sent again")
    browser.press("Deliver all again")
    check("delivered again" in browser.find(".notice").text, "and all of them")
    check(call("DELETE", f"/v1{place}")[0] == 204, "and away again")


def signals(browser):
    browser.open("/signals")
    check(len(browser.all("#live-rows tr")) == 50, "the newest signals")
    if not browser.scripts:
        check(not browser.find("[data-live]").is_displayed(), "nothing is promised that does not work")
    else:
        following(browser)
    browser.open("/signals?name=key_revoked")
    check({e.text for e in browser.all("td code[data-show=signal]")} == {"key_revoked"}, "filtered by name")
    browser.open("/signals")
    browser.shot("signals")
    browser.press("Older signals")
    check(not browser.has("[data-live]") and browser.has("#live-rows tr"), "older ones")
    browser.open("/signals?name=nothing")
    check(browser.has(".error-summary"), "an unknown signal is named")


def following(browser):
    """What happens comes into the page by itself, is told to who listens, and waits while it is paused."""
    def made(name):
        status, made = call("POST", "/v1/keys", {"name": name})
        check(status == 201, "a key to be told of")
        return made["key"]["prefix"]

    def first():
        return browser.find("#live-rows tr td[data-label=Key]").text

    def state():
        return browser.find("[data-live-state]").text

    browser.wait.until(lambda _: state() == "Live")
    prefix = made(HOSTILE[1])
    browser.wait.until(lambda _: first() == prefix)
    browser.no_script_ran("a live row")
    check(browser.holds(HOSTILE[1].replace('"', '\\"')), "what a live row says is text")
    browser.wait.until(lambda _: prefix in browser.find("[data-live-told]").get_attribute("textContent"))
    check(browser.find("[data-live-told]").get_attribute("role") == "status", "who listens is told, politely")
    browser.find("#live-rows tr summary").click()
    browser.shot("signals-live")
    button = browser.find("[data-live] button")
    button.click()
    check(state() == "Paused" and button.get_attribute("aria-pressed") == "true", "paused")
    missed = [made("Missed") for _ in range(3)]
    check(first() == prefix, "nothing comes while it is paused")
    button.click()
    browser.wait.until(lambda _: first() == missed[-1])
    check([e.text for e in browser.all("#live-rows td[data-label=Key]")][:4] == missed[::-1] + [prefix],
          "and all of it afterwards, once and in order")


def health(browser):
    browser.open("/")
    browser.press("Health and traffic")
    check(browser.find("main .badge").text == "ready", "the node is ready")
    check(len(browser.all("svg.chart[role=img][aria-label]")) == 2, "two charts that say what they show")
    browser.find("details summary").click()
    check(browser.has("details tbody tr"), "and the same as a table")
    browser.shot("health")
    browser.go(browser.find("[aria-labelledby=denied] td.lead a"))
    check(browser.heading == "Audit" and browser.has("tbody tr"), "a denied prefix leads into the audit")


def hostile(browser):
    """A5: what anybody may write, wherever it is shown."""
    # Where nothing is escaped and no policy holds, these texts run: what comes now could fail.
    ran = [number for number, text in enumerate(HOSTILE) if runs(browser, text)]
    check(ran == RUN_BY_THEMSELVES, f"the texts that run by themselves: {ran}")
    for text in HOSTILE:
        status, made = call("POST", "/v1/keys", {
            "name": text[:100], "description": text, "metadata": {text: text}, "owner": OWNER})
        check(status == 201, f"a key of this name: {text}")
        token, place = made["token"], f"/keys/{made['key']['id']}"
        agent = text.encode("ascii", "ignore").decode()
        path = "/auth/envoy/-/" + urllib.request.quote(text, safe="<>'()=/")
        call("GET", path, token=token, headers=[("User-Agent", agent)])
        call("GET", path, token=token + "x", headers=[("User-Agent", agent)])
        quoted = urllib.request.quote(text)
        for page in [place, f"{place}/edit", f"{place}/revoke", f"{place}/rotate", "/keys", f"/keys?query={quoted}",
                     f"/keys?{quoted}={quoted}", "/owners", f"/owners?name={quoted}", f"/audit?user_agent={quoted}",
                     f"/audit?action={quoted}", f"/keys/new?owner={quoted}", f"/sign-in?{quoted}", f"/{quoted}"]:
            browser.open(page)
            browser.no_script_ran(f"{text} in {page}")
            check(not browser.has("main img[onerror], main [onfocus], main [onload], main a[href^=javascript]"),
                  f"markup of another: {text} in {page}")
        for page in [place, f"{place}/edit", f"{place}/revoke", f"/keys?query={quoted}"]:
            browser.open(page)
            check(browser.holds(text[:100].strip()), f"shown as text: {text} in {page}")
        browser.open(f"/audit?user_agent={urllib.request.quote(agent)}")
        check(agent.isspace() or browser.holds(agent), f"shown as text: {agent} in the audit's filter")
        browser.open(place)
        browser.go(browser.find("a[href^='/admin/owners/']"))
        browser.no_script_ran("owner's name")
        browser.open(f"{place}/edit")
        check(browser.find("[name=description]").get_attribute("value") == text.strip(), f"kept as it is: {text}")
    browser.open("/keys")
    browser.shot("keys-hostile")


def by_keyboard(browser):
    """No mouse: from the sign-in to a token."""
    def active():
        return browser.driver.switch_to.active_element

    def tab_to(test):
        for _ in range(60):
            if test(active()):
                return
            active().send_keys(Keys.TAB)
        raise AssertionError("the keyboard does not get there")

    browser.open("/sign-in")
    active().send_keys(ADMIN + Keys.ENTER)
    browser.wait.until(lambda _: browser.heading == "Overview")
    browser.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Tab", "code": "Tab",
                                                             "windowsVirtualKeyCode": 9})
    check(active().text == "Skip to content", f"the first stop skips the frame: {active().text}")
    tab_to(lambda e: e.text == "Keys")
    check(browser.driver.execute_script("return getComputedStyle(document.activeElement).outlineStyle") != "none",
          "one sees where one is")
    active().send_keys(Keys.ENTER)
    browser.wait.until(lambda _: browser.heading == "Keys")
    tab_to(lambda e: e.text == "New key")
    active().send_keys(Keys.ENTER)
    browser.wait.until(lambda _: browser.heading == "New key")
    tab_to(lambda e: e.get_attribute("name") == "name")
    active().send_keys("By keyboard alone")
    tab_to(lambda e: e.text == "Make the key")
    active().send_keys(Keys.ENTER)
    browser.wait.until(lambda _: browser.heading == "The key is made")
    check(works(browser.find("#token").text), "a key by keyboard")
    tab_to(lambda e: e.text == "Copy")
    active().send_keys(Keys.ENTER)
    browser.wait.until(lambda _: browser.find("[data-copied]").text != "")


def signing_out(browser):
    browser.go(next(e for e in browser.all("header button") if e.text == "Sign out"))
    check("signed out" in browser.find(".notice").text, "signed out")
    browser.open("/keys")
    check(browser.heading == "Sign in to Cardea", "and out it is")


def session_dies_with_its_key(browser):
    status, made = call("POST", "/v1/keys", {"name": "Reader", "scopes": ["cardea:keys:read"]})
    check(status == 201, "a key that may read")
    browser.sign_in(made["token"])
    browser.open("/keys")
    check(not browser.has("a[href='/admin/keys/new']"), "who may only read is offered nothing else")
    browser.shot("keys-reader")
    browser.open("/keys/new")
    check(browser.heading == "Not with this key", "nor can take it")
    browser.shot("refused")
    check(call("POST", f"/v1/keys/{made['key']['id']}/revoke", {})[0] == 200, "revoked")
    browser.open("/keys")
    check(browser.heading == "Sign in to Cardea", "the session dies with its key")
    check("has ended" in browser.find(".notice").text, "and says so")


def stream_ends_with_its_key(browser):
    status, made = call("POST", "/v1/keys", {"name": "Follower", "scopes": ["cardea:signals:read"]})
    check(status == 201, "a key that may follow")
    browser.sign_in(made["token"])
    browser.open("/signals")
    browser.wait.until(lambda _: browser.find("[data-live-state]").text == "Live")
    check(call("POST", f"/v1/keys/{made['key']['id']}/revoke", {})[0] == 200, "revoked")
    browser.wait.until(lambda _: "Ended" in browser.find("[data-live-state]").text)
    browser.shot("signals-ended")


def forged(browser):
    """A4: forms that other pages send with the browser's cookie, and a name of somebody else's that leads here."""
    status, made = call("POST", "/v1/keys", {"name": "Not theirs to revoke", "owner": f"forged-{browser.name}"})
    check(status == 201, "a key that others would revoke")
    status, mine = call("POST", "/v1/keys", {"name": "To come in with", "owner": f"forged-{browser.name}"})
    check(status == 201, "a key to come in with")
    browser.open("/sign-in")
    browser.sign_in()
    browser.open_portal("/sign-in")
    browser.fill("token", mine["token"])
    browser.go(browser.find("button.primary"))
    forms = []
    for root, place in [("/admin", f"/keys/{made['key']['id']}/revoke"), ("/keys", f"/{made['key']['id']}/revoke")]:
        browser.driver.get(f"{ADDRESS}{root}{place}")
        check(browser.heading == "Revoke this key?", "it could be revoked from here")
        # Even with the session's own value, which no other page knows.
        forms.append((root + place, browser.find("main [name=form_token]").get_attribute("value")))
    served = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = served.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for path, token in forms:
            for value in [token, "", "guess"]:
                served["/"] = (
                    f"<!doctype html><title>Evil</title><h1>Evil</h1><form method=post action='{ADDRESS}{path}'>"
                    f"<input type=hidden name=form_token value='{html.escape(value)}'><button>Win a prize</button></form>")
                # Another port of this machine, whose pages the browser sends the cookie from, and another site.
                for origin in ["127.0.0.1", "localhost"]:
                    browser.driver.get(f"http://{origin}:{server.server_port}/")
                    browser.go(browser.find("button"))
                    check(browser.heading == "Not from this page", f"a form of {origin} is refused: {browser.heading}")
                    check(works(made["token"]), "and has done nothing")
    finally:
        server.shutdown()
    port = ADDRESS.rsplit(":", 1)[1]
    for path in ["/admin/", "/admin/sign-in", "/keys/", "/keys/sign-in"]:
        browser.driver.get(f"http://rebind.example:{port}{path}")
        check(browser.heading == "Not under this name", f"another name that leads here: {browser.heading}")
    # The real page does it.
    browser.driver.get(f"{ADDRESS}{forms[1][0]}")
    browser.press("Revoke")
    check(not works(made["token"]), "the page's own form does it")
    for page in [f"{ADDRESS}/keys/", f"{ADDRESS}/admin/"]:
        browser.driver.get(page)
        browser.go(next(e for e in browser.all("header button") if e.text == "Sign out"))


def walk(browser):
    signing_in(browser)
    token = creating(browser)
    changing(browser, token)
    listing(browser)
    owners(browser)
    audit(browser)
    webhooks(browser)
    dead_letters(browser)
    signals(browser)
    health(browser)
    if browser.scripts:
        hostile(browser)
    browser.open("/")
    signing_out(browser)


def portal_link(owner, **fields):
    status, made = call("POST", "/v1/portal-links", {"owner": owner, **fields})
    check(status == 201, "a link")
    return made["url"]


def portal(browser):
    """An owner's own page, by a link and with a key."""
    owner = f"ann-{browser.name}"
    status, theirs = call("POST", "/v1/keys", {"name": "First", "owner": owner, "scopes": ["orders:read"]})
    check(status == 201, "a key of theirs")
    status, other = call("POST", "/v1/keys", {"name": "Not theirs", "owner": f"bob-{browser.name}"})
    check(status == 201, "a key of another")
    browser.open_portal("/")
    check(browser.heading == "Your API keys" and browser.has("[name=token]"), "a stranger is led to the sign-in")
    browser.shot("portal-sign-in")
    url = portal_link(owner, scopes=["orders:read", "orders:write"])
    for _ in range(2):
        browser.driver.get(url)
        check(f"Continue as {owner}" in browser.find("button").text, "a link says who it is for")
    browser.shot("portal-link")
    browser.go(browser.find("button"))
    check(browser.driver.current_url == f"{ADDRESS}/keys/", "and is in no address after that")
    check([e.text for e in browser.all("td.lead a")] == ["First"], "their keys and no others")
    browser.shot("portal-keys")
    browser.press("New key")
    browser.fill("name", "Second")
    browser.fill("scopes", "bills:read")
    browser.press("Make the key")
    check(browser.has(".error-summary"), "no scope beyond the link's")
    browser.shot("portal-key-new-faulty")
    browser.fill("scopes", "orders:write")
    browser.press("Make the key")
    token = browser.find("#token").text
    check(works(token), "their new key works")
    browser.shot("portal-key-issued")
    browser.press("I have it: go to the key")
    browser.shot("portal-key")
    browser.press("Rotate")
    browser.fill("overlap", "1h")
    browser.press("Rotate")
    second = browser.find("#token").text
    check(works(token) and works(second), "both tokens work in the overlap")
    browser.press("I have it: go to the key")
    browser.shot("portal-key-rotating")
    browser.press("Complete…")
    browser.press("Complete rotation")
    check(works(second) and not works(token), "complete: only the new one works")
    browser.press("Revoke…")
    browser.press("Revoke")
    check(not works(second) and browser.has(".badge.revoked"), "revoked")
    browser.open_portal(f"/{other['key']['id']}")
    check(browser.heading == "There is nothing here", "another's key is not there")
    browser.open("/")
    check(browser.heading == "Sign in to Cardea", "nor does it open the admin page")
    browser.open_portal("/")
    browser.go(next(e for e in browser.all("header button") if e.text == "Sign out"))
    check("signed out" in browser.find(".notice").text, "signed out")
    browser.driver.get(url)
    check(browser.heading == "This link does not work", "a link works once")
    browser.shot("portal-link-used")
    browser.open_portal("/sign-in")
    browser.fill("token", theirs["token"])
    browser.go(browser.find("button.primary"))
    check(browser.heading == "Your API keys" and browser.has("td.lead"), "a key of theirs opens it too")
    check(theirs["token"] not in browser.driver.page_source, "its token is not shown")
    browser.go(next(e for e in browser.all("header button") if e.text == "Sign out"))


def portal_hostile(browser):
    """A5, on the owners' page."""
    for text in HOSTILE:
        status, made = call("POST", "/v1/keys", {"name": text[:100], "description": text, "owner": OWNER})
        check(status == 201, f"a key of this name: {text}")
    browser.driver.get(portal_link(OWNER))
    browser.no_script_ran("the owner's name in a link")
    browser.go(browser.find("button"))
    for place in ["/"] + [e.get_attribute("href").split("/keys")[1] for e in browser.all("td.lead a")]:
        for page in [place] + ([f"{place}/revoke", f"{place}/rotate"] if place != "/" else []):
            browser.open_portal(page)
            browser.no_script_ran(f"{page} of an owner")
            check(not browser.has("main img[onerror], main [onfocus], main [onload], main a[href^=javascript]"),
                  f"markup of another in {page}")
    for text in HOSTILE:
        quoted = urllib.request.quote(text)
        for page in [f"/?cursor={quoted}", f"/link?link={quoted}", f"/sign-in?{quoted}", f"/{quoted}"]:
            browser.open_portal(page)
            browser.no_script_ran(f"{text} in {page}")


def look(browser):
    """The same pages in another light or size."""
    browser.open("/sign-in")
    browser.shot("sign-in")
    browser.sign_in()
    browser.shot("overview")
    status, made = call("POST", "/v1/keys", {
        "name": "Checkout service", "description": "Takes orders of the shop", "owner": "shop",
        "scopes": ["orders:read", "orders:write"], "metadata": {"team": "checkout", "tier": 1}})
    check(status == 201, "a key to look at")
    for _ in range(7):
        call("GET", "/auth", token=made["token"])
    call("GET", "/auth?scope=billing:read", token=made["token"])
    place = f"/keys/{made['key']['id']}"
    call("POST", f"/v1{place}/rotate", {"overlap": "24h"})
    status, hook = call("POST", "/v1/webhooks", {
        "url": "https://hooks.example.invalid/cardea?for=the-shop", "description": "Tells the shop",
        "signals": ["key_created", "key_revoked", "token_rotated", "key_expired"], "enabled": False})
    check(status == 201, "a webhook to look at")
    hook = f"/webhooks/{hook['webhook']['id']}"
    for name, path in [("keys", "/keys"), ("key", place), ("key-edit", f"{place}/edit"), ("key-new", "/keys/new"),
                       ("key-rotate", f"{place}/rotate"), ("key-revoke", f"{place}/revoke"), ("owners", "/owners"),
                       ("audit", "/audit"), ("owner-new", "/owners/new"), ("nothing", "/nothing"),
                       ("webhooks", "/webhooks"), ("webhook", hook), ("webhook-edit", f"{hook}/edit"),
                       ("webhook-rotate", f"{hook}/rotate-secret"), ("dead-letters", f"{hook}/dead-letters"),
                       ("signals", "/signals"), ("health", "/health"), ("audit-verify", "/audit/verify")]:
        browser.open(path)
        browser.shot(name)
    check(call("DELETE", f"/v1{hook}")[0] == 204, "and away again")
    browser.go(next(e for e in browser.all("header button") if e.text == "Sign out"))


Path(FOLDER).mkdir(parents=True, exist_ok=True)
with Browser() as browser:
    walk(browser)
    by_keyboard(browser)
    session_dies_with_its_key(browser)
    stream_ends_with_its_key(browser)
    forged(browser)
    portal(browser)
    portal_hostile(browser)
with Browser(scripts=False) as browser:
    walk(browser)
    portal(browser)
for dark, width in [(True, 1280), (False, 320), (True, 390)]:
    with Browser(dark=dark, width=width, height=800) as browser:
        look(browser)
        # Once more in the dark and on a phone.
        if width == 390:
            portal(browser)
print(f"{checks} checks")
