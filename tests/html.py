"""Pages as people read them: how a template is laid out on lines is nothing that a test should see."""

import re
from typing import Any

from flask.testing import FlaskClient

_WHOLE = re.compile(r'(<textarea\b.*?</textarea>|<pre\b.*?</pre>|<script\b.*?</script>|value="[^"]*")', re.DOTALL)
_BLOCKS = (
    "table|thead|tbody|tr|th|td|ul|ol|li|p|div|section|h[1-6]|form|details|summary|dl|dt|dd|fieldset|legend|figure|nav|header"
    "|footer|option|select|caption|colgroup|col|main|aside|hr|body|html|head|link|meta|title"
)
_BESIDE_A_BLOCK = re.compile(rf"[ \t\r\n]*(</?(?:{_BLOCKS})\b[^>]*>)[ \t\r\n]*")


# What is said beside a word when one asks for it, or under the page.
_TERMS = re.compile(
    r' <button type="button" class="jalon-term".*?</button><span class="jalon-term__said".*?</span>|<aside class="jalon-terms">.*?</aside>',
    re.DOTALL,
)


def as_read(html: str) -> str:
    """`html` with one space for any, and none beside a block, where none is drawn, and without what explains its words; texts
    that keep theirs, and spaces that do not break, are left alone."""
    parts = _WHOLE.split(_TERMS.sub("", html))
    parts[::2] = [_BESIDE_A_BLOCK.sub(r"\1", re.sub(r"[ \t\r\n]+", " ", part)) for part in parts[::2]]
    return "".join(parts)


class ReadingClient(FlaskClient):
    """A client whose HTML is `as_read`."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().open(*args, **kwargs)
        if answer.mimetype == "text/html":
            answer.set_data(as_read(answer.get_data(as_text=True)))
        return answer
