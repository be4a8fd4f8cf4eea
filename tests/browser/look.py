"""Whether a page, as it stands in the browser, can be read and used by everybody."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESK, HEIGHTS, PHONE, Scheme

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TAB_STOPS = 12
NARROWEST = 320  # WCAG 1.4.10: no sideways scrolling at 320 CSS pixels

FOCUS_IS_SEEN = """() => {
  const element = document.activeElement;
  if (element === document.body) return "";
  const outlined = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const candidates = [getComputedStyle(element), getComputedStyle(element, "::after")];
  for (const label of element.labels ?? []) candidates.push(getComputedStyle(label));
  if (!candidates.some(outlined)) return "no outline: " + element.outerHTML.slice(0, 160);
  const box = element.getBoundingClientRect();
  const hit = document.elementFromPoint(box.x + Math.min(box.width, innerWidth) / 2, box.y + box.height / 2);
  const isSeen = hit && (hit === element || element.contains(hit) || hit.contains(element) || [...(element.labels ?? [])].some((label) => label.contains(hit)));
  return isSeen ? "" : "covered: " + element.outerHTML.slice(0, 160);
}"""


def view(page: Page, width: int, scheme: Scheme) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    page.emulate_media(color_scheme=scheme)


def faults(page: Page) -> list[str]:
    """What axe finds at both widths in both schemes, and sideways scrolling. The page is left as it was."""
    size = page.viewport_size
    found = inaccessible(page) + too_wide(page)
    if size:
        page.set_viewport_size(size)
    page.emulate_media(color_scheme="light")
    return found


def hidden_focus(page: Page) -> list[str]:
    problems = set()
    for _ in range(TAB_STOPS):
        page.keyboard.press("Tab")
        problems.add(page.evaluate(FOCUS_IS_SEEN))
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    return [f"focus, {problem}" for problem in problems if problem]


def inaccessible(page: Page) -> list[str]:
    """axe at both widths in both schemes. What a scheme changes is colours: the second looks at them alone."""
    problems: list[str] = []
    for width, scheme, only in (
        (DESK, "light", {"type": "tag", "values": RULES}),
        (DESK, "dark", {"type": "rule", "values": ["color-contrast"]}),
        (PHONE, "dark", {"type": "tag", "values": RULES}),
        (PHONE, "light", {"type": "rule", "values": ["color-contrast"]}),
    ):
        view(page, width, scheme)
        report = Axe().run(page, options={"runOnly": only, "resultTypes": ["violations"]}).response
        problems += [
            f"axe at {width} {scheme}: {one['id']} ({one['help']}) in {[node['html'][:160] for node in one['nodes'][:3]]}"
            for one in report["violations"]
        ]
    return problems


def too_wide(page: Page) -> list[str]:
    problems = []
    for width in (NARROWEST, PHONE, DESK):
        page.set_viewport_size({"width": width, "height": 844})
        beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if beyond > 0:
            problems.append(f"scrolls sideways by {beyond} px at {width}")
    return problems
