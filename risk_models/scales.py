"""EBIOS RM scales and every closed list of the field; labels live in catalogue/words.yaml."""

from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """Gravité G1 to G4 (EBIOS RM, ANSSI)."""

    MINOR = 1
    SIGNIFICANT = 2
    SERIOUS = 3
    CRITICAL = 4


class Likelihood(IntEnum):
    """Vraisemblance V1 to V4 (EBIOS RM, ANSSI)."""

    UNLIKELY = 1
    LIKELY = 2
    VERY_LIKELY = 3
    NEARLY_CERTAIN = 4


class RiskLevel(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ComponentKind(StrEnum):
    WEB = "web"
    API = "api"
    WORKER = "worker"
    DATABASE = "database"
    CACHE = "cache"
    QUEUE = "queue"
    SEARCH = "search"
    BI = "bi"
    CMS = "cms"
    STORAGE = "storage"
    MAIL = "mail"
    IDENTITY_PROVIDER = "identity_provider"
    MONITORING = "monitoring"
    LOGGING = "logging"
    FORGE = "forge"
    CI = "ci"
    REGISTRY = "registry"
    HOST = "host"
    NETWORK = "network"
    WAF = "waf"
    CDN = "cdn"
    EXTERNAL_API = "external_api"
    LOW_CODE = "low_code"
    AI_SERVICE = "ai_service"
    WORKSTATION = "workstation"
    LIBRARY = "library"
    OTHER = "other"


class Hosting(StrEnum):
    SAAS = "saas"
    PAAS = "paas"
    IAAS = "iaas"
    ON_PREMISE = "on_premise"


class Patcher(StrEnum):
    TEAM = "team"
    PUBLISHER = "publisher"


class Exposure(StrEnum):
    INTERNET = "internet"
    AUTHENTICATED = "authenticated"
    INTERNAL = "internal"


class DataKind(StrEnum):
    NONE = "none"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"
    SECRET = "secret"  # noqa: S105 - idem


class Location(StrEnum):
    EU = "EU"
    ADEQUATE = "adequate"
    OTHER = "other"


class LinkKind(StrEnum):
    CALLS = "calls"
    READS = "reads"
    WRITES = "writes"
    AUTHENTICATES_WITH = "authenticates_with"
    RUNS_ON = "runs_on"
    EMBEDS = "embeds"
    DEPLOYS = "deploys"
    ADMINISTERS = "administers"
    PROTECTED_BY = "protected_by"


class Authentication(StrEnum):
    NONE = "none"
    PASSWORD = "password"  # noqa: S105 - the word of the product file, not a secret
    TOKEN = "token"  # noqa: S105 - idem
    CERTIFICATE = "certificate"
    SSO = "sso"


class Need(StrEnum):
    CONFIDENTIALITY = "confidentiality"
    INTEGRITY = "integrity"
    AVAILABILITY = "availability"


class MeasureStatus(StrEnum):
    DONE = "done"
    PARTIAL = "partial"
    PLANNED = "planned"
    TO_DO = "to_do"
    NOT_APPLICABLE = "not_applicable"


class View(StrEnum):
    """Which measures count: none, those in place, or also those planned."""

    RAW = "raw"
    CURRENT = "current"
    TARGET = "target"


class PhaseName(StrEnum):
    """Phases of a startup card (beta.gouv.fr)."""

    INVESTIGATION = "investigation"
    CONSTRUCTION = "construction"
    ACCELERATION = "acceleration"
    CONSOLIDATION = "consolidation"
    OPERE = "opere"
    TRANSFERE = "transfere"
    ABANDON_INVESTIGATION = "abandon-investigation"
    ABANDON = "abandon"
