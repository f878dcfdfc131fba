#!/usr/bin/python3
"""The pages of make html in Chromium: they fit a phone, a tablet and a desk in both colours, load nothing but their stylesheet, say nothing on the
console, and axe-core (contrib/install-deps --test fetches it) has no complaint."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "check"))
from tree import TOP, Tap

tap = Tap()
AXE = pathlib.Path(os.environ.get("MAILPIPE_AXE", "/var/cache/mailpipe-tests/axe.min.js"))
WIDTHS, SCHEMES = (360, 820, 1440), ("light", "dark")
PAGES = ("index.html", "tutorial.html", "troubleshooting.html", "record.html", "mail-queue.1.html")
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
except ImportError:
    tap.skip_all("needs python3-selenium")
for program in ("chromium", "chromedriver", "lowdown", "mandoc"):
    if not shutil.which(program):
        tap.skip_all(f"needs {program}")
if not AXE.exists():
    tap.skip_all(f"needs axe-core in {AXE}: contrib/install-deps --test")


def browser(folder):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder}/profile"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)


def requests(driver):
    sent = [json.loads(line["message"])["message"] for line in driver.get_log("performance")]
    return [m["params"]["request"]["url"] for m in sent if m["method"] == "Network.requestWillBeSent"]


# What is too wide scrolls by itself; nothing else leaves the window.
STICKS_OUT = """
return [...document.querySelectorAll('main *')].filter(e => {
    if (e.closest('pre, .wide')) return false;
    const box = e.getBoundingClientRect();
    return box.width && box.height && box.right > innerWidth + 0.5;
}).map(e => e.outerHTML.slice(0, 90))"""

with tempfile.TemporaryDirectory(prefix="mailpipe-browser.") as folder:
    subprocess.run([TOP / "contrib/book-html", f"{folder}/html"], check=True)
    driver = browser(folder)
    try:
        driver.get("about:blank")
        requests(driver)
        colours = set()
        for scheme in SCHEMES:
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            for page in PAGES:
                for width in WIDTHS if scheme == "light" else WIDTHS[:1]:
                    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
                    driver.get(f"file://{folder}/html/{page}")
                    wide = driver.execute_script("return document.documentElement.scrollWidth")
                    tap.check(f"{page}, {scheme}, {width}: it fits", [f"{wide} wide"] * (wide > width) + driver.execute_script(STICKS_OUT))
                driver.execute_script(AXE.read_text())
                found = driver.execute_async_script("axe.run({preload: false}).then(arguments[0])")
                tap.check(f"{page}, {scheme}: axe has no complaint",
                          [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found["violations"]] + ["it did not look"] * (len(found["passes"]) < 15))
            colours.add(driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
        tap.check("the colours follow the system", [] if len(colours) == len(SCHEMES) else sorted(colours))
        loaded = requests(driver)
        tap.check("nothing but the pages and their stylesheet was asked for",
                  [u for u in loaded if not u.startswith((f"file://{folder}/html/", "data:"))] + ["no log"] * (len(loaded) < 10))
        tap.check("the console is silent", [line["message"] for line in driver.get_log("browser")])
    finally:
        driver.quit()
tap.done()
