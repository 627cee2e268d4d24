"""The library that ProConnect runs, set as it documents itself (tests/provider), with people of the demonstration."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT

CLIENT, SECRET = "jalon-essai", "un-secret-de-trente-deux-caracteres"
FOLDER = ROOT / "tests" / "provider"


def _person(
    key: str, email: str, given: str, usual: str, level: str, *ways: str, late: bool = False
) -> dict[str, object]:
    return {
        "id": key,
        "email": email,
        "given_name": given,
        "usual_name": usual,
        "uid": key,
        "siret": "13002526500013",
        "idp_id": "71144ab3-ee1a-4401-b7b3-79b44f7daeeb",
        "organization_label": "Direction interministérielle du numérique",
        "roles": ["agent_public", "agent_public_etat"],
        "acr": level,
        "amr": list(ways),
        "late": late,
    }


PEOPLE = [
    _person("equipe", "equipe@exemple.test", "Camille", "Martin", "eidas1", "pwd"),
    _person("fort", "autorite@exemple.test", "Andrée", "Laurent", "eidas2", "pwd", "otp", "mfa"),
    _person("inconnu", "inconnu@exemple.test", "Inès", "Connue", "eidas1", "pwd"),
    _person("lent", "equipe@exemple.test", "Lent", "Martin", "eidas1", "pwd", late=True),
]


@contextmanager
def oidc_provider(port: int, jalon: str, algorithm: str = "ES256") -> Iterator[dict[str, str]]:
    """The settings of a Jalon at `jalon` that signs in by a provider started on `port` of this machine."""
    client = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": [f"{jalon}/connexion/proconnect/retour"],
        "post_logout_redirect_uris": [f"{jalon}/deconnexion/proconnect"],
        "token_endpoint_auth_method": "client_secret_post",
        "id_token_signed_response_alg": algorithm,
        "userinfo_signed_response_alg": algorithm,
    }
    asked = json.dumps({"port": port, "client": client, "people": PEOPLE})
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["node", "provider.mjs", asked]
    with subprocess.Popen(
        command,
        cwd=FOLDER,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline().strip() == "ready"
        try:
            yield {
                "JALON_PROCONNECT": f"http://localhost:{port}/api/v2/.well-known/openid-configuration",
                "JALON_PROCONNECT_CLIENT": CLIENT,
                "JALON_PROCONNECT_SECRET": SECRET,
                "JALON_PROCONNECT_ALGORITHM": algorithm,
                "JALON_PRIVATE_HOSTS": "localhost",
            }
        finally:
            process.terminate()
