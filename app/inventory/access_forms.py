"""Who signs in to a component, which keys it keeps and gives, whether it still serves: three questions at most a kind."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Field, IntegerField, SelectField, SelectMultipleField, ValidationError
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.inventory.models import Component
from app.platform.editing import ComparedForm
from app.platform.forms import Day, EnumSelect
from risk_models.product_file.component_format import MOST_ACCOUNTS
from risk_models.scales import AccountHolder, AccountReach, AskedFactor, ComponentKind, ComponentState

_K = ComponentKind
QUESTIONS = ("accounts", "secrets", "tokens", "resets", "state", "last_tested")
# What is asked of each kind, where it makes a difference; of a kind that is not here, nothing.
_ASKED: dict[ComponentKind, tuple[str, ...]] = {
    _K.WEB: ("accounts", "state", "last_tested"),
    _K.API: ("tokens", "state", "last_tested"),
    _K.WORKER: ("secrets", "state"),
    _K.DATABASE: ("state",),
    _K.SEARCH: ("state",),
    _K.BI: ("accounts", "state", "last_tested"),
    _K.CMS: ("accounts", "state", "last_tested"),
    _K.STORAGE: ("secrets", "tokens", "state"),
    _K.MAIL: ("accounts", "secrets", "tokens"),
    _K.IDENTITY_PROVIDER: ("accounts", "resets", "tokens"),
    _K.MONITORING: ("accounts", "tokens", "state"),
    _K.LOGGING: ("accounts", "secrets", "state"),
    _K.FORGE: ("accounts", "secrets", "tokens"),
    _K.CI: ("accounts", "secrets", "tokens"),
    _K.REGISTRY: ("accounts", "secrets", "tokens"),
    _K.HOST: ("accounts", "resets", "tokens"),
    _K.NETWORK: ("accounts", "state"),
    _K.WAF: ("accounts", "tokens"),
    _K.CDN: ("accounts", "tokens"),
    _K.EXTERNAL_API: ("tokens", "state"),
    _K.LOW_CODE: ("accounts", "secrets", "tokens"),
    _K.AI_SERVICE: ("accounts", "tokens"),
    _K.WORKSTATION: ("secrets",),
    _K.REMOTE_ACCESS: ("accounts", "resets", "state"),
    _K.DNS: ("accounts", "resets"),
    _K.HELP_DESK: ("accounts", "secrets"),
    _K.OTHER: ("accounts", "secrets", "state"),
}
_YES_NO = [("", _l("Je ne sais pas")), ("yes", _l("Oui")), ("no", _l("Non"))]
_ROW = ("reach", "count", "second_factor")


def asked_of(component: Component) -> tuple[str, ...]:
    """The questions of a component: those of its kind, and those that its product file already answers."""
    said = {key for key in QUESTIONS if key in (component.access or {}) or getattr(component, key, None) is not None}
    wanted = {*_ASKED.get(component.kind, ())} | said
    return tuple(q for q in QUESTIONS if q in wanted and not (q == "accounts" and _in_more_detail(component)))


def _in_more_detail(component: Component) -> bool:
    """Whether its product file tells two sorts of accounts of the same people, which the form cannot show."""
    holders = [a["who"] for a in (component.access or {}).get("accounts", ())]
    return len(holders) != len({*holders})


def _several(label: Any) -> SelectMultipleField:
    return SelectMultipleField(label, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False), choices=[])


class AccessForm(ComparedForm):
    signed_in = SelectField(
        _l("Quelqu’un, ou un programme, s’y connecte-t-il ?"),
        choices=_YES_NO,
        description=_l("Un espace d’administration, un tableau de bord, un compte technique. Exemple : oui."),
    )
    keeps_keys = SelectField(
        _l("Garde-t-il des clés ou des mots de passe qui ouvrent autre chose ?"),
        choices=_YES_NO,
        description=_l("Dans ses réglages, son code, ses fichiers. Exemple : la clé du stockage, dans le dépôt."),
    )
    opens = _several(_l("Ce que ces clés ouvrent"))
    keys_given = SelectField(
        _l("Les clés et jetons qu’il donne ont-ils une date de fin ?"),
        choices=[
            ("", _l("Je ne sais pas")),
            ("none", _l("Il n’en donne pas")),
            ("short", _l("Oui, ils expirent tous")),
            ("lasting", _l("Non, certains n’expirent jamais")),
        ],
        description=_l("Clés d’API, jetons personnels, sessions. Exemple : un jeton créé en 2022 qui marche encore."),
    )
    reset_elsewhere = SelectField(
        _l("Un mot de passe perdu peut-il y être redonné par un autre composant ?"),
        choices=_YES_NO,
        description=_l("Exemple : un lien envoyé par courriel, ou l’assistance qui recrée l’accès."),
    )
    reset_by = _several(_l("Ce qui le redonne"))
    state = EnumSelect(
        _l("Sert-il encore ?"),
        ComponentState,
        needed=False,
        description=_l("Laissez vide si vous ne savez pas. Exemple : un ancien site gardé « au cas où » ne sert plus."),
    )
    last_tested = Day(
        _l("Quand quelqu’un d’autre a-t-il cherché ses failles pour la dernière fois ?"),
        description=_l("Test d’intrusion, audit, prime aux failles. Laissez vide si vous ne savez pas."),
    )

    def __init__(self, component: Component, others: Sequence[tuple[str, str]], **more: Any) -> None:
        """`others`: ref and name of the other components of its product."""
        self._asked, self._before = asked_of(component), dict(component.access or {})
        super().__init__(data=_answers(component), **more)
        self.opens.choices = self.reset_by.choices = list(others)
        for question, fields in _FIELDS.items():
            if question not in self._asked:
                for name in fields:
                    del self[name]
        self.stamp()

    @property
    def rows(self) -> list[tuple[AccountHolder, list[Field]]]:
        """The fields of each sort of account, where accounts are asked about."""
        asked = "accounts" in self._asked
        return [(who, [self[f"{who}_{part}"] for part in _ROW]) for who in AccountHolder] if asked else []

    @property
    def tells_accounts(self) -> bool:
        return any(self._row(who) for who in AccountHolder)

    def validate_signed_in(self, field: Field) -> None:
        if field.data == "no" and self.tells_accounts:
            raise ValidationError(_l("Vous décrivez des comptes plus bas : répondez oui, ou videz ces lignes."))
        if field.data == "yes" and not self.tells_accounts:
            raise ValidationError(_l("Dites au moins qui s’y connecte, plus bas : une ligne suffit."))

    def validate_keeps_keys(self, field: Field) -> None:
        if field.data == "no" and self.opens.data:
            raise ValidationError(_l("Vous cochez ce qu’elles ouvrent : répondez oui, ou décochez."))

    def validate_reset_elsewhere(self, field: Field) -> None:
        if field.data == "no" and self.reset_by.data:
            raise ValidationError(_l("Vous cochez ce qui le redonne : répondez oui, ou décochez."))
        if field.data == "yes" and not self.reset_by.data:
            raise ValidationError(
                _l("Cochez ce qui le redonne. S’il n’est pas dans la liste, ajoutez d’abord ce composant.")
            )

    def _row(self, who: AccountHolder) -> dict[str, Any]:
        reach, count, factor = (self[f"{who}_{part}"].data for part in _ROW)
        told = {"count": count, "reach": reach and reach.value, "second_factor": factor and factor.value}
        return {key: value for key, value in told.items() if value is not None and value != ""}

    def fill(self, component: Component) -> Component:
        """Copies the form into `component`; what was not asked stays."""
        self._before = dict(component.access or {})
        access = dict(self._before)
        if "accounts" in self._asked:
            access["accounts"] = self._accounts()
        if "secrets" in self._asked:
            access["secrets"] = self._secrets()
        if "tokens" in self._asked:
            access["tokens"] = self._tokens()
        if "resets" in self._asked:
            ticked = list(self.reset_by.data or ())
            access["resets"] = ticked if ticked or self.reset_elsewhere.data == "no" else None
        component.access = {key: value for key, value in access.items() if value is not None}
        if "state" in self._asked:
            component.state = self.state.data
        if "last_tested" in self._asked:
            component.last_tested = self.last_tested.data
        return component

    def _accounts(self) -> list[dict[str, Any]] | None:
        notes = {a["who"]: _notes(a) for a in self._before.get("accounts", ())}
        rows = [{"who": who.value} | row | notes.get(who.value, {}) for who in AccountHolder if (row := self._row(who))]
        return rows or ([] if self.signed_in.data == "no" else None)

    def _secrets(self) -> list[dict[str, Any]] | None:
        """Keys that were named keep their names; what else is ticked is opened by one without name."""
        if self.keeps_keys.data == "no":
            return []
        ticked, kept = list(self.opens.data or ()), []
        for secret in self._before.get("secrets", ()):
            opens = [ref for ref in secret.get("opens", ()) if ref in ticked]
            if opens or (secret.get("name") and not secret.get("opens")):
                kept.append(secret | {"opens": opens})
        more = [ref for ref in ticked if not any(ref in secret["opens"] for secret in kept)]
        kept += [{"opens": more}] if more or (self.keeps_keys.data == "yes" and not kept) else []
        return kept or None

    def _tokens(self) -> list[dict[str, Any]] | None:
        if self.keys_given.data == _keys_given(self._before.get("tokens")):
            return self._before.get("tokens")
        said: dict[str, list[dict[str, Any]]] = {
            "none": [],
            "short": [{"lasting": False}],
            "lasting": [{"lasting": True}],
        }
        return said.get(self.keys_given.data)


def _notes(value: dict[str, Any]) -> dict[str, Any]:
    return {key: note for key, note in value.items() if key.startswith("x-")}


def _said(values: Sequence[Any] | None) -> str:
    return "" if values is None else "yes" if values else "no"


def _keys_given(tokens: Sequence[dict[str, Any]] | None) -> str:
    if tokens is None:
        return ""
    lasting = {t.get("lasting") for t in tokens}
    return "none" if not tokens else "lasting" if True in lasting else "short" if lasting == {False} else ""


def _answers(component: Component) -> dict[str, Any]:
    """What the form shows of a component."""
    access = component.access or {}
    secrets = access.get("secrets")
    found: dict[str, Any] = {
        "signed_in": _said(access.get("accounts")),
        "keeps_keys": _said(secrets),
        "opens": list(dict.fromkeys(ref for s in secrets or () for ref in s.get("opens", ()))),
        "keys_given": _keys_given(access.get("tokens")),
        "reset_elsewhere": _said(access.get("resets")),
        "reset_by": list(access.get("resets") or ()),
        "state": component.state,
        "last_tested": component.last_tested,
    }
    for account in access.get("accounts") or ():
        found |= {f"{account['who']}_{part}": account.get(part) for part in _ROW}
    return found


def _add_row(who: AccountHolder) -> None:
    """The three fields of one sort of account; a row that is left empty says nothing."""
    reach = EnumSelect(_l("Ce que ces comptes atteignent"), AccountReach, needed=False)
    factor = EnumSelect(_l("Ce que demande leur connexion"), AskedFactor, needed=False)
    within = NumberRange(0, MOST_ACCOUNTS, _l("Un nombre de comptes, en chiffres."))
    setattr(AccessForm, f"{who}_reach", reach)
    setattr(AccessForm, f"{who}_count", IntegerField(_l("Combien de comptes"), [Optional(), within]))
    setattr(AccessForm, f"{who}_second_factor", factor)


for _who in AccountHolder:
    _add_row(_who)

_FIELDS: dict[str, tuple[str, ...]] = {
    "accounts": ("signed_in", *(f"{who}_{part}" for who in AccountHolder for part in _ROW)),
    "secrets": ("keeps_keys", "opens"),
    "tokens": ("keys_given",),
    "resets": ("reset_elsewhere", "reset_by"),
    "state": ("state",),
    "last_tested": ("last_tested",),
}
