#!/usr/bin/python3
"""The dashboard in Chromium: layout at three widths in both colours, nothing loaded, nothing on the console, hostile texts stay texts, usable by
keyboard, and no complaint of axe-core (contrib/install-deps --test fetches it)."""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
AXE = os.environ.get("MAILPIPE_AXE", "/var/cache/mailpipe-tests/axe.min.js")
NOW = "1763634180"
WIDTHS, SCHEMES = (390, 820, 1440), ("light", "dark")
HOSTILE = '"><script>document.title="owned"</script><img src=https://evil.example/x onerror=alert(1)>\u202e\x1b[31m&lt;'


def skip_all(reason):
    print("1..0 # skip " + reason)
    sys.exit(0)


try:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    skip_all("needs python3-selenium")
for program in ("chromium", "chromedriver"):
    if not shutil.which(program):
        skip_all("needs " + program)

count = 0
failures = 0


def check(name, got, want):
    global count, failures
    count += 1
    good = got == want
    failures += not good
    print("%s %d - %s" % ("ok" if good else "not ok", count, name), flush=True)
    if not good:
        print("#     got : %s\n#     want: %s" % (str(got)[:1500], str(want)[:1500]), file=sys.stderr)


def run(*words, stdin=None, codes=(0,)):
    done = subprocess.run(words, input=stdin, stdout=subprocess.PIPE)
    if done.returncode not in codes:
        sys.exit("%s: exit %d" % (" ".join(words), done.returncode))
    return done.stdout


def hostile_records():
    """A sender, an account of polls and an error whose texts want to be markup."""
    raw = b"From: x@evil.example\r\n\r\nx\r\n"
    for i in range(400):
        octets = raw + b"%d\r\n" % i
        yield {"type": "email", "v": 1, "blobId": hashlib.sha256(octets).hexdigest(), "raw": base64.b64encode(octets).decode(), "size": len(octets),
               "account": "support", "mailboxes": ["INBOX"], "keywords": [], "receivedAt": "2025-11-19T10:00:00Z", "subject": HOSTILE,
               "from": [{"name": HOSTILE, "email": "x@evil.example"}], "direction": "inbound"}
    for i in range(90):
        yield {"type": "poll", "v": 1, "account": "support", "protocol": "imap", "host": "h", "mailbox": "<b>Box</b>" + "long" * 40, "uidValidity": 7,
               "startedAt": "2025-11-20T10:20:%02dZ" % (i % 60), "endedAt": "2025-11-20T10:21:00Z", "found": 0, "fetched": 0, "failed": 0, "octets": 0,
               "status": "failed", "code": "imap.<i>odd</i>", "error": HOSTILE + " and no blank in it: " + "w" * 300}


def make_pages(folder):
    os.chdir(folder)
    os.environ.update(PATH=os.path.join(BUILD, "timed") + ":" + os.environ["PATH"], MAILPIPE_TEST_NOW=NOW, MAILPIPE_STORE=folder + "/store",
                      MAILPIPE_CONFIG=folder + "/mail.conf", HOME=folder, TZ="UTC")
    open("mail.conf", "w").write("[account idle]\nemail = idle@brookmill.example\n")
    generator = os.path.join(TOP, "tests", "cli", "dash-store.py")
    records = run(generator, NOW) + "".join(json.dumps(r) + "\n" for r in hostile_records()).encode()
    run("mail-store", "put", "-q", stdin=run("mail-thread", stdin=records), codes=(75,))  # there are polls that failed
    run("sqlite3", "store/mail.db", stdin=run(generator, "--sql", NOW))
    for name, options in (("month", ()), ("hours", ("--by", "hour")), ("years", ("--since", "2015")), ("empty", ("-s", "empty"))):
        if name == "empty":
            run("mail-store", "init", "-q", "-s", "empty")
        run("mail-stats", "dash", "-f", "html", "-o", name + ".html", *options)
    run("mail-stats", "dash", "--errors", "-f", "html", "-o", "errors.html")
    open("report.html", "wb").write(run("mail-stats", "report", "-f", "html"))


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--user-data-dir=" + tempfile.mkdtemp(dir=os.getcwd())):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    from selenium.webdriver.chrome.service import Service
    return webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)


# What sticks out of the window, or out of its card.
STICKS_OUT = """
return [...document.querySelectorAll('body *')].filter(e => {
    if (e.closest('svg')) return false;
    const box = e.getBoundingClientRect(), card = e.closest('.card'), outer = card && card.getBoundingClientRect();
    return box.width && box.height && (box.right > innerWidth + 0.5 || box.left < -0.5 || (card && card !== e && box.right > outer.right));
}).map(e => e.outerHTML.slice(0, 90))"""


def axe(driver, at):
    if os.path.exists(AXE):
        driver.execute_script(open(AXE).read())
        found = driver.execute_async_script("axe.run().then(arguments[0])")
        check(at + "axe looked", len(found["passes"]) > 10, True)
        check(at + "axe has no complaint", [(v["id"], v["nodes"][0]["html"][:100]) for v in found["violations"]], [])


def look(driver, url, name):
    for scheme in SCHEMES if name == "month" else SCHEMES[:1]:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        for width in WIDTHS:
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
            driver.get(url)
            at = "%s, %s, %d: " % (name, scheme, width)
            check(at + "no scrolling sideways", driver.execute_script("return document.documentElement.scrollWidth"), width)
            if name == "report":  # its tables scroll within themselves
                axe(driver, at)
                continue
            check(at + "nothing sticks out", driver.execute_script(STICKS_OUT), [])
            driver.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")
            check(at + "nor with all figures", driver.execute_script(STICKS_OUT), [])
            if name in ("month", "empty"):
                axe(driver, at)


def colours(driver):
    found = []
    for scheme in SCHEMES:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        found.append(driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
    check("the colours follow the system", len(set(found)), len(SCHEMES))


def requests(driver):
    sent = [json.loads(line["message"])["message"] for line in driver.get_log("performance")]
    return [m["params"]["request"]["url"] for m in sent if m["method"] == "Network.requestWillBeSent"]


def is_hostile_text(driver):
    body = driver.find_element(By.TAG_NAME, "body").text
    check("the sender's name is text", '"><script>document.title="owned"</script><img src=https://evil.example/x' in body, True)
    check("the code of an error is text", "imap.<i>odd</i>" in body, True)
    check("the mailbox is text", "<b>Box</b>" in body, True)
    check("no element came of it", driver.execute_script("return document.querySelectorAll('script, img, i, b, iframe, object, style ~ style').length"), 0)
    check("no handler either", driver.execute_script("return [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on|^style$/.test(a.name))).length"), 0)
    check("nothing ran", driver.title, "Mail")
    source = open("month.html", encoding="utf-8").read()
    check("no control character, none that turns the text", re.findall("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", source), [])


def by_keyboard(driver):
    reached = []
    body = driver.find_element(By.TAG_NAME, "body")
    for _ in range(9):
        body.send_keys(Keys.TAB)
        element = driver.switch_to.active_element
        body = element
        reached.append(element.get_attribute("href") or element.tag_name)
        visible = driver.execute_script("return getComputedStyle(arguments[0]).outlineStyle", element)
        if visible == "none":
            check("focus is seen", reached[-1], None)
    links = [r.split("#")[1] for r in reached if "#" in r]
    check("Tab reaches the figures in their order", links,
          ["health", "cmd-volume", "cmd-response", "cmd-queue", "cmd-rates", "cmd-accounts", "cmd-errors"])
    check("and the figures below the drawings", "summary" in reached, True)
    driver.find_element(By.CSS_SELECTOR, "a.tile").send_keys(Keys.ENTER)
    command = driver.find_element(By.CSS_SELECTOR, ":target")
    check("a figure leads to its command", "mail-stats volume --by day --since 30d" in command.text, True)
    check("which is in sight", driver.execute_script("const b = arguments[0].getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight", command), True)


def main():
    global count
    with tempfile.TemporaryDirectory(prefix="mailpipe-browser.") as folder:
        make_pages(folder)
        driver = browser()
        try:
            driver.get("about:blank")
            requests(driver)  # those of the page that a new browser shows
            for name in ("month", "hours", "years", "empty", "errors", "report"):
                look(driver, "file://%s/%s.html" % (folder, name), name)
            driver.get("file://%s/month.html" % folder)
            colours(driver)
            is_hostile_text(driver)
            by_keyboard(driver)
            loaded = requests(driver)
            check("the log of the network works", len(loaded) >= 21, True)
            check("nothing but the pages was asked for", [u for u in loaded if not u.startswith(("file://" + folder, "data:"))], [])
            check("the console is silent", driver.get_log("browser"), [])
        finally:
            driver.quit()
            os.chdir("/")
    if not os.path.exists(AXE):
        count += 1
        print("ok %d # skip needs axe-core in %s: contrib/install-deps --test" % (count, AXE))
    print("1..%d" % count)
    sys.exit(1 if failures else 0)


main()
