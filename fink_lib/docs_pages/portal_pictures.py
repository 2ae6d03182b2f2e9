"""Pictures of the portal's pages for the docs: ``python -m fink_lib.docs_pages.portal_pictures ADDRESS FOLDER NAME``.

ADDRESS is that of a portal that runs, NAME an object that it shows; a browser of this machine draws the pages.
"""

import shutil
import sys
from pathlib import Path

WIDTH, HEIGHT, PHONE = 1000, 760, 390
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PAGES = {
    "home": "/",
    "object": "/object/ztf/{name}?period=0.5",
    "topics": "/object/ztf/{name}#topics",
    "sky": "/sky/ztf/2021-11-22",
    "night": "/night/ztf/2021-11-22",
    "tonight": "/observability?ra=49.155&dec=44.145&site=Palomar&date=2026-11-30",
}
PHONE_PAGE = "object"


def draw(address: str, folder: Path, name: str) -> list[Path]:
    """Draw each page into a folder, in light colours; one as a phone shows it, in dark ones.

    Parameters
    ----------
    address, folder
        Where the portal answers, and where the pictures go.
    name
        An object that it shows.

    Returns
    -------
    list of Path
        The pictures.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the development environment alone

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    with sync_playwright() as playwright:
        window = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--no-proxy-server"])
        shots = [(what, WIDTH, False, what) for what in PAGES] + [(PHONE_PAGE, PHONE, True, "phone")]
        for what, width, is_dark, called in shots:
            page = window.new_page(viewport={"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme="dark" if is_dark else "light")
            page.goto(address + PAGES[what].format(name=name), wait_until="load")
            found.append(folder / f"{called}.png")
            page.screenshot(path=found[-1])
            page.close()
        window.close()
    return found


if __name__ == "__main__":
    for picture in draw(sys.argv[1].rstrip("/"), Path(sys.argv[2]), sys.argv[3]):
        print(picture)  # noqa: T201 - what it made
