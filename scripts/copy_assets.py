"""Copies what the site serves from node_modules to app/static/vendor; run by `make assets`."""

import os
import re
import shutil
from pathlib import Path

from fontTools.ttLib import woff2

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "app" / "static" / "vendor"
PLEX = MODULES / "@fontsource" / "ibm-plex-sans"
EMOJI = MODULES / "@fontsource" / "noto-emoji"
DSFR = MODULES / "@gouvfr" / "dsfr" / "dist"
STATE_SITE = os.environ.get("JALON_STATE_SITE") == "true"


def main() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    (VENDOR / "dsfr" / "utility").mkdir(parents=True)
    (VENDOR / "fonts").mkdir()
    look = (DSFR / "dsfr.min.css").read_text(encoding="utf-8")
    if not STATE_SITE:  # the typeface of the State is reserved to its sites: css/neutral.css gives another
        look = re.sub(r"@font-face\{[^}]*\}", "", look)
    (VENDOR / "dsfr" / "dsfr.min.css").write_text(look, encoding="utf-8")
    shutil.copytree(DSFR / "icons", VENDOR / "dsfr" / "icons")
    icons = sorted((DSFR / "utility" / "icons").glob("*/*.min.css"))
    wanted = [i for i in icons if i.name in {"icons-system.min.css", "icons-document.min.css"}]
    (VENDOR / "dsfr" / "utility" / "icons.min.css").write_text(
        "\n".join(i.read_text(encoding="utf-8").replace("../../../icons/", "../icons/") for i in wanted),
        encoding="utf-8",
    )
    if STATE_SITE:
        shutil.copytree(DSFR / "fonts", VENDOR / "dsfr" / "fonts")
    for font in PLEX.glob("files/*-[457]00-*.woff2"):
        shutil.copy(font, VENDOR / "fonts")
    # Only dossiers draw it, and unpacking its 1,464 signs would take seconds of each.
    woff2.decompress(
        EMOJI / "files" / "noto-emoji-emoji-400-normal.woff2", VENDOR / "fonts" / "noto-emoji-400-normal.ttf"
    )
    shutil.copy(PLEX / "LICENSE", VENDOR / "fonts" / "LICENSE")
    shutil.copy(EMOJI / "LICENSE", VENDOR / "fonts" / "LICENSE-noto-emoji")
    shutil.copy(MODULES / "htmx.org" / "dist" / "htmx.min.js", VENDOR)


if __name__ == "__main__":
    main()
