"""The HTML report in Chromium, as people use it: browser.py CHROMEDRIVER FAILED LONG [SCREENSHOTS]

FAILED is the report of a run of which something failed, LONG one of 5,000 steps. With a folder for them, screenshots are taken.
"""

import pathlib
import shutil
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

driver, failed, long, *folders = sys.argv[1:]

# How long a page of 5,000 steps may take, in milliseconds, on a machine that does something else too.
LOAD, FILTER = 10_000, 3_000

# Every text against what is behind it, as WCAG 2.1 measures it (1.4.3: 4.5 to 1).
CONTRAST = """
const luminance = (color) => {
  const part = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  return 0.2126 * part(color[0]) + 0.7152 * part(color[1]) + 0.0722 * part(color[2]);
};
const rgba = (text) => { const all = text.match(/[\\d.]+/g).map(Number); return all.length < 4 ? [...all, 1] : all; };
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = rgba(getComputedStyle(at).backgroundColor);
    if (color[3] === 1) return color;
  }
  return [255, 255, 255, 1];
};
const faint = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.checkVisibility() || element.closest("[aria-hidden]") || element.matches(".skip")) continue;
  const [one, other] = [rgba(getComputedStyle(element).color), behind(element)].map(luminance).sort((a, b) => b - a);
  const ratio = (one + 0.05) / (other + 0.05);
  if (ratio < 4.5) faint.push(`${element.tagName}.${element.className} ${element.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`);
}
return faint;
"""

# Everything that can be reached has a name, and the headings do not leave a level out.
NAMED = """
const nameless = [...document.querySelectorAll("input, button, a, summary, table")].filter((element) => {
  if (!element.checkVisibility()) return false;
  const label = element.labels?.[0]?.textContent ?? element.querySelector("caption")?.textContent ?? element.textContent;
  return !(element.ariaLabel || label || "").trim();
});
const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((heading) => Number(heading.tagName[1]));
const leaps = levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1);
return [...nameless.map((element) => element.outerHTML.slice(0, 80)), ...leaps.map((level) => `h${level} comes too deep`)];
"""


def browser(profile):
    options = webdriver.ChromeOptions()
    for option in [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}",
    ]:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which(driver)))


def command(chrome, name, **arguments):
    return chrome.execute_cdp_cmd(name, arguments)


def show(chrome, file, width=1280, scheme="light", script=True):
    command(chrome, "Emulation.setScriptExecutionDisabled", value=not script)
    command(chrome, "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    command(chrome, "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    chrome.get(pathlib.Path(file).resolve().as_uri())


def shown(chrome):
    return [step for step in chrome.find_elements(By.CSS_SELECTOR, ".step") if step.is_displayed()]


def count(chrome):
    return chrome.find_element(By.CSS_SELECTOR, "#tools output").text


def no_complaints(chrome, what):
    logged = chrome.get_log("browser")
    assert not logged, f"{what}: the browser complains: {logged}"


def looks(chrome):
    """In light and dark, wide and narrow, with and without its script: all can be read, nothing runs over the edge."""
    for script in [True, False]:
        for scheme, paper in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 26)")]:
            for width in [1280, 360]:
                what = f"{failed}: {scheme}, {width} wide, script {script}"
                show(chrome, failed, width, scheme, script)
                assert chrome.execute_script("return getComputedStyle(document.body).backgroundColor") == paper, what
                over = chrome.execute_script("return document.scrollingElement.scrollWidth - innerWidth")
                assert over <= 0, f"{what}: {over} pixels run over the edge"
                faint = chrome.execute_script(CONTRAST)
                assert not faint, f"{what}: hard to read: {faint}"
                named = chrome.execute_script(NAMED)
                assert not named, f"{what}: {named}"
                text = chrome.find_element(By.TAG_NAME, "main").text
                for words in ["A sum # SKIP", "does not hold", "by hand", "errored"]:
                    assert words in text, f"{what}: `{words}` is not there to read"
                assert chrome.find_element(By.ID, "tools").is_displayed() == script, what
                no_complaints(chrome, what)
                if folders and script:
                    chrome.save_screenshot(str(pathlib.Path(folders[0]) / f"{scheme}-{width}.png"))


def filters(chrome):
    """By the mouse and by the keyboard."""
    show(chrome, failed)
    whole = len(shown(chrome))
    assert count(chrome) == f"{whole} of {whole} steps", count(chrome)
    box = chrome.find_element(By.CSS_SELECTOR, "#tools input[value=passed]")
    box.click()
    left = shown(chrome)
    assert 0 < len(left) < whole and not [step for step in left if "passed" in step.get_attribute("class").split()]
    box.click()
    keys = lambda text: chrome.switch_to.active_element.send_keys(text)
    keys("/")
    keys("no such")
    assert [step.find_element(By.CSS_SELECTOR, ".name").text for step in shown(chrome)] == ["No such host"]
    keys(Keys.ESCAPE)
    assert len(shown(chrome)) == whole
    chrome.find_element(By.TAG_NAME, "body").send_keys("n")
    first = chrome.switch_to.active_element
    assert first.tag_name == "summary" and "failed" in first.text or "errored" in first.text, first.text
    keys("n")
    assert chrome.switch_to.active_element.text != first.text
    keys("p")
    assert chrome.switch_to.active_element == first
    folded = "return document.querySelectorAll('.step > details:not([open])').length"
    keys("e")
    assert chrome.execute_script(folded) == 0
    keys("e")
    assert chrome.execute_script(folded) > 0
    # A link to a line of the playbook unfolds its text.
    keys("e")
    link = chrome.find_element(By.CSS_SELECTOR, ".step a[href^='#p']")
    link.click()
    line = chrome.find_element(By.ID, link.get_attribute("href").split("#")[1])
    assert line.is_displayed()
    # Printed, all of it is on paper.
    paper = command(chrome, "Page.printToPDF")["data"]
    assert len(paper) > 10_000
    no_complaints(chrome, failed)


def fluent(chrome):
    """With 5,000 steps it is there at once, and filters at once."""
    show(chrome, long)
    took = chrome.execute_script(
        "const [entry] = performance.getEntriesByType('navigation'); return entry.loadEventEnd - entry.startTime"
    )
    assert 0 < took < LOAD, f"{long} takes {took} ms to load"
    filtered = chrome.execute_script(
        """
        const box = document.querySelector("#tools input[value=passed]");
        const began = performance.now();
        box.click();
        document.body.offsetHeight;
        return performance.now() - began;
        """
    )
    assert filtered < FILTER, f"{long} takes {filtered} ms to filter"
    assert count(chrome).endswith(" of 5000 steps") and not count(chrome).startswith("5000"), count(chrome)
    no_complaints(chrome, long)
    print(f"{long}: {took:.0f} ms to load, {filtered:.0f} ms to filter")


with tempfile.TemporaryDirectory() as profile:
    chrome = browser(profile)
    try:
        looks(chrome)
        filters(chrome)
        fluent(chrome)
    finally:
        chrome.quit()
print(f"{failed}: fine in Chromium")
