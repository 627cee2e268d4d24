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


class DeadlineKind(StrEnum):
    ANALYSIS = "analysis"
    FIRST_HOMOLOGATION = "first_homologation"
    EXPIRY = "expiry"
    MEASURE = "measure"
    PROOF = "proof"
    CERTIFICATE = "certificate"
    DELEGATION = "delegation"
    RESERVATION = "reservation"
    DISPENSATION = "dispensation"


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
    REMOTE_ACCESS = "remote_access"
    DNS = "dns"
    PAGE_SCRIPT = "page_script"
    PACKAGE_SET = "package_set"
    HELP_DESK = "help_desk"
    OTHER = "other"


# What runs within what embeds it, published by others: one package, or all those of a lock file.
LIBRARIES = frozenset({ComponentKind.LIBRARY, ComponentKind.PACKAGE_SET})


# What bears no version of its own, whoever hosts it.
VERSIONLESS = frozenset(
    {
        ComponentKind.HOST,
        ComponentKind.WORKSTATION,
        ComponentKind.DNS,
        ComponentKind.PAGE_SCRIPT,
        ComponentKind.PACKAGE_SET,
        ComponentKind.HELP_DESK,
    }
)


class ComponentState(StrEnum):
    """Whether a component still serves; an orphan is one that nobody answers for."""

    IN_USE = "in_use"
    TEST = "test"
    DORMANT = "dormant"
    ORPHAN = "orphan"


class AccountHolder(StrEnum):
    """Who signs in: the public, the product's own people, those of its suppliers, or programs."""

    USERS = "users"
    TEAM = "team"
    SUPPLIERS = "suppliers"
    MACHINES = "machines"


class AccountReach(StrEnum):
    """What an account sees or changes: what is its own, or what is everybody's."""

    OWN = "own"
    ALL = "all"


class AskedFactor(StrEnum):
    """What a sign-in asks beside a password: nothing, a code that can be given away, or a key that cannot."""

    NONE = "none"
    PHISHABLE = "phishable"
    RESISTANT = "resistant"


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
    LEADS_TO = "leads_to"


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


# What a team says is in place, whole or in part; what it still has to do of what it decided; what leaves nothing to do.
CLAIMED = frozenset({MeasureStatus.DONE, MeasureStatus.PARTIAL})
STILL_TO_DO = frozenset({MeasureStatus.PLANNED, MeasureStatus.PARTIAL})
SETTLED = frozenset({MeasureStatus.DONE, MeasureStatus.NOT_APPLICABLE})


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


class ProofState(StrEnum):
    """What the proof of a measure is worth on a day."""

    FRESH = "fresh"
    STALE = "stale"
    CONTRADICTED = "contradicted"
    DISABLED = "disabled"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


class ObservationState(StrEnum):
    """Whether a tool, or a person, saw anything at all."""

    SEEN = "seen"
    DISABLED = "disabled"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


class Check(StrEnum):
    """What an outside tool looks at; measures.yaml says which measures each one proves."""

    EXTERNAL_SCAN = "external_scan"
    HTTP_HEADERS = "http_headers"
    TLS = "tls"
    OPEN_PORTS = "open_ports"
    DYNAMIC_SCAN = "dynamic_scan"
    EXPOSURE_SCAN = "exposure_scan"
    THIRD_PARTY_SCRIPTS = "third_party_scripts"
    WAF_SEEN = "waf_seen"
    DECLARATIONS = "declarations"
    AVAILABILITY = "availability"
    DEPENDABOT = "dependabot"
    CODE_SCANNING = "code_scanning"
    SECRET_SCANNING = "secret_scanning"  # noqa: S105 - a tool's name
    BRANCH_PROTECTION = "branch_protection"
    KNOWN_FLAWS = "known_flaws"


class SecurityLevel(IntEnum):
    """Élémentaire, modéré, important (MonServiceSécurisé)."""

    BASIC = 1
    MODERATE = 2
    HIGH = 3


class Approach(StrEnum):
    """How deep a dossier goes (ANSSI)."""

    SIMPLIFIED = "simplified"
    ELABORATE = "elaborate"
    ADVANCED = "advanced"


class DataSensitivity(IntEnum):
    PUBLIC = 1
    ORDINARY = 2
    PERSONAL = 3
    SENSITIVE = 4


class DataVolume(IntEnum):
    FEW = 1
    THOUSANDS = 2
    HUNDREDS_OF_THOUSANDS = 3
    MILLIONS = 4


class OutageTolerance(IntEnum):
    """From an outage that hardly anybody minds to one that nobody can bear."""

    WEEK = 1
    DAY = 2
    HALF_DAY = 3
    HOURS = 4


class Audience(IntEnum):
    TEAM = 1
    ADMINISTRATION = 2
    TERRITORY = 3
    NATION = 4


class Openness(IntEnum):
    INTERNAL = 1
    PARTNERS = 2
    ACCOUNTS = 3
    EVERYBODY = 4


class StakeholderKind(StrEnum):
    SUPPLIER = "supplier"
    CONTRACTOR = "contractor"
    PARTNER = "partner"
    CLIENT = "client"
    INTERNAL = "internal"


class StakeholderZone(StrEnum):
    """Zones of the map of the ecosystem (EBIOS RM, workshop 3)."""

    DANGER = "danger"
    CONTROL = "control"
    WATCH = "watch"
    OUTSIDE = "outside"


class RiskSourceKind(StrEnum):
    """Who could attack (profiles of EBIOS RM, workshop 2)."""

    STATE = "state"
    ORGANISED_CRIME = "organised_crime"
    ACTIVIST = "activist"
    MERCENARY = "mercenary"
    COMPETITOR = "competitor"
    AMATEUR = "amateur"
    AVENGER = "avenger"
    OTHER = "other"


class Aim(StrEnum):
    """What a risk source is after (aims of EBIOS RM, workshop 2)."""

    LUCRE = "lucre"
    ESPIONAGE = "espionage"
    PREPOSITIONING = "prepositioning"
    INFLUENCE = "influence"
    OBSTRUCTION = "obstruction"
    CHALLENGE = "challenge"


class Degree(IntEnum):
    """How much of something, on four steps."""

    SLIGHT = 1
    MODERATE = 2
    STRONG = 3
    VERY_STRONG = 4


class Treatment(StrEnum):
    """What is decided about a risk (EBIOS RM, workshop 5)."""

    REDUCE = "reduce"
    TRANSFER = "transfer"
    AVOID = "avoid"
    ACCEPT = "accept"


class PieceState(StrEnum):
    """What became of a piece of the dossier."""

    FILLED = "filled"  # by Jalon, from what the team described
    ATTACHED = "attached"
    WRITTEN = "written"
    NOT_APPLICABLE = "not_applicable"
    LATER = "later"  # it comes with a later step
    MISSING = "missing"
    ABSENT = "absent"  # not given, and nothing asks for it


class PieceNeed(StrEnum):
    """How much an approach asks for a piece of the dossier."""

    MANDATORY = "mandatory"
    OPTIONAL = "optional"
    COMPLEMENT = "complement"
    NOT_ASKED = "not_asked"
