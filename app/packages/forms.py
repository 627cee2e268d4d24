from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired

from app.packages.kinds import FlawState, Justification
from app.platform.editing import ComparedForm
from app.platform.forms import BaseForm, Day, EnumRadio, EnumSelect, Paragraph


class SbomForm(BaseForm):
    file = FileField(
        _l("SBOM ou fichier de verrouillage"),
        validators=[FileRequired(_l("Choisissez un fichier."))],
        description=_l(
            "CycloneDX (JSON, XML), SPDX (JSON, texte), ou le fichier de votre gestionnaire de paquets (npm, yarn, pnpm, "
            "Bun, pip, Poetry, uv, PDM, Bundler, Composer, Maven, Gradle, Go, Cargo, NuGet, Mix, Pub, CocoaPods, Swift, "
            "Conan), sous son nom ; 30 Mo au plus."
        ),
    )


class VexForm(BaseForm):
    file = FileField(
        _l("Document VEX (CycloneDX, OpenVEX ou CSAF, en JSON)"),
        validators=[FileRequired(_l("Choisissez un fichier."))],
        description=_l("Celui d’un éditeur ou d’un autre outil : ce qu’il dit de vos failles devient votre jugement."),
    )


class JudgementForm(ComparedForm):
    needed_when = {
        "justification": _l("si le produit n’est pas concerné"),
        "until": _l("si elle est laissée en l’état"),
    }
    state = EnumRadio(_l("Qu’en dites-vous ?"), FlawState)
    justification = EnumSelect(
        _l("Pourquoi le produit n’est-il pas concerné ?"),
        Justification,
        needed=False,
        description=_l("Seulement si vous dites qu’il n’est pas concerné."),
    )
    reason = Paragraph(
        _l("Comment le savez-vous ?"),
        needed=True,
        description=_l("Exemple : « la recherche JNDI est désactivée depuis le 11 décembre, vérifié en production »."),
    )
    until = Day(_l("Jusqu’à quand ?"), description=_l("Seulement si vous acceptez le risque : un an au plus."))
