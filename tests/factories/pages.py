"""Pages as texts."""

import re


def text_of(page) -> str:
    return re.sub(r"\s+", " ", page.get_data(as_text=True))
