"""From a startup card to the downloaded PDF, as people do it."""

import hashlib
import json
import re
import shutil
import sqlite3
import uuid
from datetime import date, timedelta
from pathlib import Path

import pikepdf
import pytest
from playwright.sync_api import Locator
from webauthn.helpers import base64url_to_bytes, decode_credential_public_key

from tests.browser.person import Somebody, faults_of
from tests.conftest import REAL_DATA, ROOT

SAMPLE = ROOT / "tests" / "data" / "cards" / "startups" / "entraide-numerique.md"


def _card(folder: Path, *, javascript: bool) -> Path:
    """A real card where there are some, or the sample under another name: each journey makes a product of its own."""
    real = REAL_DATA / "betagouv" / "startups" / "carbure.md"
    if javascript and real.exists():
        return real
    name = "avec-cle" if javascript else SAMPLE.stem
    return Path(shutil.copy(SAMPLE, folder / f"{name}.md"))


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_a_card_becomes_a_signed_dossier(server, chromium, tmp_path, javascript):
    card = _card(tmp_path, javascript=javascript)
    incubator = re.search(r"incubator: (\S+)", card.read_text())[1]
    make_incubator(server, incubator)
    team = Somebody.arrives(chromium, server, javascript=javascript)
    team.signs_in("equipe@exemple.test")
    team.goes("/produits/nouveau")
    team.page.locator('[name="card"]').set_input_files(card)
    team.presses("Importer la fiche")
    team.sees("La fiche est importée")
    team.sees("Analyse de risques attendue le")
    team.presses("Enregistrer et continuer")
    slug = team.page.url.split("/")[4]

    _level(team)
    _team(team)
    _vouch(chromium, server, incubator, javascript=javascript)
    _components(team)
    _assets(team)
    _weak_points_and_measures(team, slug)
    _compose(team, slug, javascript=javascript)
    _opinion_and_decision(chromium, server, slug, javascript)

    pdf = _download(team, slug, tmp_path)
    _stranger_verifies(chromium, server, pdf, javascript)
    with pikepdf.open(pdf) as document:
        assert document.Root.Lang == "fr"
        with document.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
    team.goes(f"/produits/{slug}/echeances")
    team.sees("Fin de l’homologation")
    with team.page.expect_download() as download:
        team.follows("Ajouter une fois à mon agenda (.ics)")
    assert "BEGIN:VEVENT" in Path(download.value.path()).read_text()


def make_incubator(server, slug: str) -> None:
    with sqlite3.connect(server.mail.parent / "jalon.db") as database:
        database.execute(
            "INSERT OR IGNORE INTO incubator (id, slug, name, contact) VALUES (?, ?, ?, '')", (slug[:32], slug, slug)
        )
        database.execute(
            'INSERT INTO "grant" (id, person_id, role, incubator_id, given_at)'
            " SELECT ?, id, 'incubator_member', ?, created_at FROM person WHERE email = 'incubateur@exemple.test'",
            (uuid.uuid4().hex, slug[:32]),
        )


def _team(team: Somebody) -> None:
    team.fills(name="Sacha Bernard", role="Responsable technique", phone="+33 1 23 45 67 89")
    team.page.locator('[name="can_suspend"]').check(force=True)
    team.presses("Ajouter ce contact")
    team.sees("peut suspendre le service")
    for name, address, role in (
        ("Dominique Leroy", "rssi@exemple.test", "reviewer"),
        ("Andrée Laurent", "autorite@exemple.test", "authority"),
    ):
        team.fills(**{"invite-name": name, "invite-email": address})
        team.chooses(**{"invite-role": role})
        team.presses("Envoyer l’invitation")
        team.sees("L’invitation part à")
    team.follows("Continuer : De quoi il est fait")


def _level(team: Somebody) -> None:
    team.chooses(data="3", volume="2", outage="2", audience="3", openness="4")
    team.presses("Enregistrer et voir le niveau")
    team.sees("Niveau : modéré")
    team.follows("Continuer : Qui appeler")


def _components(team: Somebody) -> None:
    for name, version, exposure in (
        ("Django", "4.2", None),
        ("PostgreSQL", "15", None),
        ("Metabase", "0.41.3", "internet"),
    ):
        team.fills(nom=name)
        team.presses("Décrire ce composant")
        team.fills(version=version)
        if exposure:
            team.chooses(exposure=exposure)
        team.presses("Enregistrer le composant")
        team.sees("est enregistré")
    for source, kind, target in (
        ("django", "reads", "postgresql"),
        ("django", "writes", "postgresql"),
        ("metabase", "reads", "postgresql"),
    ):
        team.chooses(source=source, kind=kind, target=target)
        team.presses("Ajouter ce lien")
        team.sees("Le lien est ajouté")
    team.follows("Metabase")
    team.fills(vulnerability="CVE-2021-41277", cvss="10", epss="0.94")
    team.page.locator('[name="kev"]').check(force=True)
    team.presses("Noter cette faille")
    team.sees("CVE-2021-41277")
    team.goes(re.sub(r"/composants/.*", "/schema", team.page.url.removeprefix(team.server.address)))
    team.sees("Vraisemblance")
    team.goes(team.page.url.removeprefix(team.server.address).replace("/schema", "/composants"))
    team.follows("Continuer : Ce que l’on protège")


def _assets(team: Somebody) -> None:
    team.follows("Ajouter une valeur métier")
    team.fills(name="Dossiers des usagers")
    team.chooses(lives_in="postgresql", confidentiality="4", integrity="3", availability="2")
    team.presses("Enregistrer")
    team.sees("Événements redoutés")
    team.fills(description="La liste des usagers est publiée sur internet")
    team.chooses(need="confidentiality", severity="4")
    team.presses("Ajouter cet événement")
    team.sees("publiée sur internet")
    team.follows("Revenir à la liste")


def _weak_points_and_measures(team: Somebody, slug: str) -> None:
    team.goes(f"/produits/{slug}/points-de-faiblesse")
    team.sees("Si vous ne faites qu’une chose")
    first = team.page.locator(".jalon-weak h3").first
    assert "Metabase" in first.inner_text()
    team.goes(f"/produits/{slug}/demarche/registre")
    while (undecided := team.page.get_by_role("link", name=re.compile("^Décider"))).count():
        undecided.first.click()
        team.chooses(treatment="reduce")
        team.fills(note="Par le plan d’action")
        team.presses("Enregistrer la décision")
        team.sees("Registre des risques")
    team.presses("Terminer l’analyse")
    team.sees("L’analyse, version 1, est faite")
    path = f"/produits/{slug}/mesures"
    team.goes(f"{path}/nouvelle?mesure=waf&sur=metabase")
    team.chooses(status="planned")
    team.presses("Enregistrer la mesure")
    team.sees("Pour quand ?")
    team.fills(due="2027-03-01", owner="Sacha Bernard")
    team.presses("Enregistrer la mesure")
    team.sees("est enregistrée")
    team.goes(f"{path}/nouvelle?mesure=codeql&sur=django")
    team.chooses(status="done")
    team.presses("Enregistrer la mesure")
    team.follows("Continuer : Dossier")


def _compose(team: Somebody, slug: str, *, javascript: bool) -> None:
    team.presses("Ouvrir un dossier")
    team.fills(perimeter="Le site et sa base")
    known = "Andrée Laurent, Directrice du numérique, Ministère exemple (autorite@exemple.test)"
    team.page.locator('select[name="authority"]').select_option(label=known)
    team.chooses(months="24")
    team.presses("Enregistrer cette partie")
    team.page.locator('form[action$="/conditions"] [name="text"]').fill("Comptes nominatifs")
    team.page.locator('form[action$="/conditions"] [name="check"]').fill("Revue trimestrielle")
    team.presses("Ajouter cette condition")
    team.page.locator('form[action$="/risques-acceptes"] [name="text"]').fill("Chute de l’hébergeur")
    team.fills(until="2028-01-01")
    team.presses("Proposer d’accepter ce risque")
    team.page.locator('select[name="reviewer"]').select_option(label="Dominique Leroy")
    team.chooses(role="rssi")
    team.presses("Ajouter cette personne")
    _pieces(team, slug, javascript=javascript)
    team.goes(f"/produits/{slug}/dossier/1/composer")
    team.presses("Demander les avis")
    team.sees("Les avis sont demandés")
    team.goes(f"/produits/{slug}")
    team.sees("attend Dominique Leroy")


def _opinion_and_decision(chromium, server, slug: str, javascript: bool) -> None:
    reviewer = Somebody.arrives(chromium, server, javascript=javascript)
    reviewer.signs_in("rssi@exemple.test")
    reviewer.goes(f"/produits/{slug}/dossier/1")
    reviewer.chooses(verdict="with_reservations")
    reviewer.fills(text="Fermer Metabase à internet sous un mois")
    reviewer.presses("Donner mon avis")
    reviewer.sees("Votre avis est enregistré")
    team = Somebody.arrives(chromium, server, javascript=javascript)
    team.signs_in("equipe@exemple.test")
    team.goes(f"/produits/{slug}/dossier/1")
    team.presses("Transmettre à l’autorité")
    team.sees("Le dossier est figé")
    authority = Somebody.arrives(chromium, server, javascript=javascript)
    authority.signs_in("autorite@exemple.test")
    authority.sees("À décider")
    if javascript:
        _register_key(authority)
    _once_printed(authority, slug)
    authority.chooses(outcome="with_reservations", months="12")
    in_two_months = date.today() + timedelta(days=60)
    authority.fills(reservations="Second facteur\nMetabase à jour", lift_by=in_two_months.isoformat())
    authority.fills(
        reply="La fermeture de Metabase est dans mes réserves, sous deux mois.",
        exploited_reason="Metabase est coupé d’internet depuis hier.",
    )
    authority.presses("Relire avant de signer")
    authority.sees("Rien n’est encore décidé")
    assert not javascript or faults_of(authority.page) == []  # axe is a script
    if javascript:
        authority.presses("Signer la décision avec ma clé")
    else:
        authority.fills(code=authority.code_of("Andrée Laurent"))
        authority.presses("Signer la décision")
    authority.sees("La décision est signée")
    _check_kept_factor(server, slug, "webauthn" if javascript else "totp")


def _check_kept_factor(server, slug: str, kind: str) -> None:
    """The decision keeps the sort of factor; of a key, what it signed names the content by its hash."""
    with sqlite3.connect(server.mail.parent / "jalon.db") as database:
        kept, proof, content = database.execute(
            "SELECT factor_kind, factor_proof, content_sha256 FROM decision JOIN dossier ON dossier.id = dossier_id"
            " JOIN product ON product.id = product_id WHERE slug = ?",
            (slug,),
        ).fetchone()
    assert kept == kind
    if kind == "totp":
        assert proof is None
        return
    decode_credential_public_key(base64url_to_bytes(json.loads(proof)["public_key"]))  # a public key, and nothing else
    signed = json.loads(json.loads(proof)["answer"])["response"]["clientDataJSON"]
    challenge = base64url_to_bytes(json.loads(base64url_to_bytes(signed))["challenge"])
    assert challenge[16:] == hashlib.sha256(f"decide:{content}".encode()).digest()


def _vouch(chromium, server, incubator: str, *, javascript: bool) -> None:
    """The incubator's member adds the authority to its directory; as it has no other, an administrator confirms."""
    lead = Somebody.arrives(chromium, server, javascript=javascript)
    lead.signs_in("incubateur@exemple.test")
    lead.goes(f"/incubateurs/{incubator}/autorites")
    ending = lead.page.get_by_text("Retirer Andrée Laurent de l’annuaire", exact=True)
    if ending.count():
        ending.click()  # asked once more: a slip would stop a decision
        lead.presses("Oui, retirer Andrée Laurent de l’annuaire")
    lead.sees("Personne encore")
    lead.fills(name="Andrée Laurent", email="autorite@exemple.test", function="Directrice du numérique")
    lead.fills(entity="Ministère exemple", deed="Arrêté du 3 mars 2026", deed_on="2026-03-03")
    lead.fills(code=lead.code_of("Maxime Garcia"))
    lead.presses("Inscrire cette autorité")
    lead.sees("à confirmer par une autre personne")
    assert not javascript or faults_of(lead.page) == []
    administrator = Somebody.arrives(chromium, server, javascript=javascript)
    administrator.signs_in("administration@exemple.test")
    administrator.goes(f"/incubateurs/{incubator}/autorites")
    administrator.page.get_by_role("link", name=re.compile("^Confirmer")).click()
    administrator.sees("Vérifiez l’acte qui la nomme")
    assert not javascript or faults_of(administrator.page) == []
    administrator.fills(code=administrator.code_of("Morgan Roux"))
    administrator.presses("Confirmer cette autorité")
    administrator.sees("confirmée par Morgan Roux")


def _register_key(authority: Somebody) -> None:
    """A virtual security key, registered after a factor that the authority already has."""
    devtools = authority.page.context.new_cdp_session(authority.page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "automaticPresenceSimulation": True, "isUserVerified": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    authority.goes("/compte/second-facteur")
    authority.presses("Confirmer avec un second facteur")
    authority.fills(code=authority.code_of("Andrée Laurent"))
    authority.presses("Confirmer")
    assert faults_of(authority.page) == []
    authority.presses("Tirer dix codes de secours")
    authority.sees("Aucun ne permet de signer")
    assert faults_of(authority.page) == []
    authority.follows("Je les ai gardés")
    authority.presses("Enregistrer une clé de sécurité")
    authority.fills(name="Clé virtuelle")
    authority.presses("Enregistrer cette clé")
    authority.sees("Votre clé est enregistrée")


def _pieces(team: Somebody, slug: str, *, javascript: bool) -> None:
    """Answers for every mandatory piece: a document for the first, a text for the others."""
    team.goes(f"/produits/{slug}/dossier/1/pieces")
    missing = (
        team.page.locator("tr", has_text="Manquante").locator("th a").evaluate_all("all => all.map(a => a.pathname)")
    )
    assert len(missing) > 2
    team.goes(missing[0])
    team.fills(title="Schéma d’architecture", dated_on="2026-03-01")
    content = b"%PDF-1.4\n% un schema\n"
    team.page.locator('[name="file"]').set_input_files(
        {"name": "architecture.pdf", "mimeType": "application/pdf", "buffer": content}
    )
    team.presses("Joindre ce document")
    team.sees("Schéma d’architecture")
    for path in missing[1:]:
        team.goes(path)
        document = path.endswith(("/audits", "/aipd"))  # what is a document is not told in its place
        team.chooses(answer="not_applicable" if document else "written")
        team.fills(text="Tenu à jour dans le dépôt du produit, relu chaque année.")
        team.presses("Enregistrer cette réponse")
    team.sees("Aucune pièce obligatoire ne manque")
    for path in (f"/produits/{slug}/dossier/1/composer", missing[0], f"/produits/{slug}/dossier/1/avis-joint"):
        team.goes(path)
        assert not javascript or faults_of(team.page) == []


def _stranger_verifies(chromium, server, pdf: Path, javascript: bool) -> None:
    stranger = Somebody.arrives(chromium, server, javascript=javascript)
    stranger.goes("/verifier")
    stranger.page.locator('[name="file"]').set_input_files(pdf)
    stranger.presses("Vérifier ce PDF")
    for text in ("Intact, mais scellé", "Certificat d’ESSAI", "Homologation en cours", "Émis par ce service"):
        stranger.sees(text)
    altered = bytearray(pdf.read_bytes())
    altered[12] ^= 1  # in the comment of its head: the file stays readable
    stranger.page.locator('[name="file"]').set_input_files(
        {"name": "d.pdf", "mimeType": "application/pdf", "buffer": bytes(altered)}
    )
    stranger.presses("Vérifier ce PDF")
    stranger.sees("ce fichier n’est pas celui qui a été émis")


def _once_printed(reader: Somebody, slug: str) -> Locator:
    """Reads the dossier's page until its PDF is made; the link to it."""
    reader.goes(f"/produits/{slug}/dossier/1")
    link = reader.page.get_by_role("link", name="Télécharger le PDF")
    for _ in range(60):
        if link.count():
            break
        reader.page.wait_for_timeout(1000)
        if not reader.page.evaluate("true") or not link.count():
            reader.page.reload()
    return link


def _download(team: Somebody, slug: str, folder: Path) -> Path:
    link = _once_printed(team, slug)
    with team.page.expect_download() as download:
        link.click()
    target = folder / "dossier.pdf"
    download.value.save_as(target)
    return target
