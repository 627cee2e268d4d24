"""Mails as other programs read them."""

import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.platform.mail import Mail, _message
from tests.fuzzing import tries

SUBJECTS = (
    "Votre homologation de « Référentiel des aides à la pierre » expire le 12 mars 2027 : 3 mois pour la renouveler",
    "« Le portail de l’outil de référence » n’est plus comme le 3 mars, quand son homologation a été signée",
    "🚕 Taxi : une homologation attend votre décision, à l’heure où je vous écris encore cette phrase",
    "Ascii only, and long enough to be folded more than once since it goes on and on and on and on and on",
)


def raw(subject: str) -> bytes:
    mail = Mail(to="a@exemple.test", subject=subject, text="t\n", html="<p>t</p>", message_id="x@jalon")
    return _message(mail, "Jalon <jalon@exemple.test>").as_bytes()


def by_perl(message: bytes) -> str:
    """The subject as Perl's Encode reads it: it shares nothing with Python's reader."""
    program = (
        "use Encode; local $/; $_ = <STDIN>; my ($s) = /^Subject: (.*?)\\n(?![ \\t])/ms;"
        " $s =~ s/\\n(?=[ \\t])//g; print encode('UTF-8', decode('MIME-Header', $s));"
    )
    return subprocess.run(["perl", "-e", program], input=message, capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_keeps_its_spaces_for_another_reader(subject):
    assert by_perl(raw(subject)) == subject


@tries(usual=60, fuzz=2_000)
@given(
    st.lists(st.sampled_from(["l’outil", "de", "référence", "aides", "🚕", "«", "»", ":", "Ω" * 12]), min_size=1).map(
        " ".join
    )
)
@example("é" * 120)
def test_no_subject_loses_or_wins_a_sign(subject):
    message = raw(subject)
    assert by_perl(message) == subject
    assert all(
        len(line) <= 78 for line in message.split(b"\n\n")[0].splitlines() if line.startswith((b"Subject", b" =?"))
    )
