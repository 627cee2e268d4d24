"""What the journal may say that somebody did: a closed list, each act with the kind of object that it names.

The words of an act are in the catalogue (words.yaml, group `actions`); those of an object, where only its code is kept, on the
journal's page (app/home/journal_views.py).
"""

from enum import StrEnum


class Subject(StrEnum):
    """The kind of object that an entry names; its name as people call it, unless said otherwise."""

    PRODUCT = "product"
    CARDS = "cards"
    CONTACT = "contact"
    PERSON = "person"
    ERASED = "erased"  # a person whose name is gone, by their id
    LANGUAGE = "language"
    FACTOR = "factor"
    ACCOUNT = "account"  # of ProConnect, by the name that it gives
    COMPONENT = "component"
    LINK = "link"
    FLAW = "flaw"
    FILE = "file"
    USUAL_COMPONENT = "usual_component"
    SIGHTING = "sighting"
    FEED = "feed"
    DRAFT = "draft"
    ASSET = "asset"
    FEARED_EVENT = "feared_event"
    FINDING = "finding"
    ANALYSIS = "analysis"
    STEP = "step"  # a step of the guide, by its code
    TODO = "todo"  # a line of what is to do, by the name of the measure or of the rule
    COMMENT = "comment"  # its text; its step is a detail
    LEVEL = "level"  # a level of security, by its name
    STAKEHOLDER = "stakeholder"
    RISK_SOURCE = "risk_source"  # its name; its kind is a detail
    SCENARIO = "scenario"  # its story, or the asset it reaches; then the need is a detail
    MEASURE = "measure"
    PROOF = "proof"
    CONNECTOR = "connector"
    COMMON_SERVICE = "common_service"
    DOSSIER = "dossier"
    CONDITION = "condition"
    RISK = "risk"
    DOSSIER_PART = "dossier_part"  # the name of its class
    REVIEWER = "reviewer"  # a role, by its code
    OPINION = "opinion"  # a verdict, by its code
    ATTACHED_OPINION = "attached_opinion"
    PIECE = "piece"  # its id
    DOCUMENT = "document"
    DECISION = "decision"  # an outcome, by its code
    RESERVATION = "reservation"
    DISPENSATION = "dispensation"  # its case, by its name in French
    DELEGATION = "delegation"
    REGISTER = "register"  # "oui" or "non"
    DEADLINE = "deadline"
    INCUBATOR = "incubator"
    REMINDER = "reminder"
    CHANNEL = "channel"
    CALENDAR = "calendar"
    VIEW = "view"


class Action(StrEnum):
    """The value of an act never changes, whatever it is called since: entries of years ago bear it."""

    subject: Subject

    def __new__(cls, value: str, subject: Subject) -> "Action":
        member = str.__new__(cls, value)
        member._value_ = value
        member.subject = subject
        return member

    CREATE_PRODUCT = "create_product", Subject.PRODUCT
    CHANGE_CARD = "change_card", Subject.PRODUCT
    ARCHIVE_PRODUCT = "archive_product", Subject.PRODUCT
    RESTORE_PRODUCT = "restore_product", Subject.PRODUCT
    IMPORT_CARD = "import_card", Subject.PRODUCT
    IMPORT_PRODUCT_FILE = "import_product_file", Subject.PRODUCT
    IMPORT_INFRASTRUCTURE = "import_infrastructure", Subject.PRODUCT
    IMPORT_CARDS = "import_cards", Subject.CARDS
    READ_CARDS = "read_cards", Subject.CARDS
    CONFIRM_CARDS = "confirm_cards", Subject.CARDS
    ASK_MOVE = "ask_move", Subject.PRODUCT
    ACCEPT_MOVE = "accept_move", Subject.PRODUCT
    REFUSE_MOVE = "refuse_move", Subject.PRODUCT
    CANCEL_MOVE = "cancel_move", Subject.PRODUCT
    MOVE_PRODUCT = "move_product", Subject.PRODUCT
    ADD_CONTACT = "add_contact", Subject.CONTACT
    CHANGE_CONTACT = "change_contact", Subject.CONTACT
    REMOVE_CONTACT = "remove_contact", Subject.CONTACT
    GIVE_ROLE = "give_role", Subject.PERSON
    WITHDRAW_ROLE = "withdraw_role", Subject.PERSON
    LIST_AUTHORITY = "list_authority", Subject.PERSON
    CONFIRM_AUTHORITY = "confirm_authority", Subject.PERSON
    END_AUTHORITY = "end_authority", Subject.PERSON
    SIGN_IN = "sign_in", Subject.PERSON
    SIGN_OUT = "sign_out", Subject.PERSON
    END_SESSIONS = "end_sessions", Subject.PERSON
    PROVE_FACTOR = "prove_factor", Subject.PERSON
    FORGET_FACTORS = "forget_factors", Subject.PERSON
    CLOSE_ACCOUNT = "close_account", Subject.PERSON
    REOPEN_ACCOUNT = "reopen_account", Subject.PERSON
    ERASE_PERSON = "erase_person", Subject.ERASED
    REVIEW_RIGHTS = "review_rights", Subject.PERSON
    DRAW_RECOVERY = "draw_recovery", Subject.PERSON
    USE_RECOVERY = "use_recovery", Subject.PERSON
    CONFIRM_FACTOR = "confirm_factor", Subject.PERSON
    ASK_JOIN = "ask_join", Subject.ACCOUNT
    JOIN_ACCOUNT = "join_account", Subject.ACCOUNT
    SEPARATE_ACCOUNT = "separate_account", Subject.ACCOUNT
    CHANGE_ADDRESS = "change_address", Subject.PERSON
    LANGUAGE = "language", Subject.LANGUAGE
    ADD_FACTOR = "add_factor", Subject.FACTOR
    REMOVE_FACTOR = "remove_factor", Subject.FACTOR
    ADD_COMPONENT = "add_component", Subject.COMPONENT
    CHANGE_COMPONENT = "change_component", Subject.COMPONENT
    REMOVE_COMPONENT = "remove_component", Subject.COMPONENT
    CONFIRM_COMPONENTS = "confirm_components", Subject.COMPONENT
    ADD_LINK = "add_link", Subject.LINK
    REMOVE_LINK = "remove_link", Subject.LINK
    ADD_VULNERABILITY = "add_vulnerability", Subject.FLAW
    REMOVE_VULNERABILITY = "remove_vulnerability", Subject.FLAW
    JUDGE_FLAW = "judge_flaw", Subject.FLAW
    IMPORT_SBOM = "import_sbom", Subject.FILE
    IMPORT_VEX = "import_vex", Subject.FILE
    IMPORT_REPORT = "import_report", Subject.FILE
    IMPORT_SIGHTINGS = "import_hints", Subject.FILE
    SAVE_USUAL_COMPONENT = "save_usual_component", Subject.USUAL_COMPONENT
    REMOVE_USUAL_COMPONENT = "remove_usual_component", Subject.USUAL_COMPONENT
    ACCEPT_SIGHTINGS = "accept_hints", Subject.SIGHTING
    DISMISS_SIGHTINGS = "dismiss_hints", Subject.SIGHTING
    LOAD_FEED = "load_feed", Subject.FEED
    DRAFT_FROM_REPOSITORY = "draft_from_repository", Subject.DRAFT
    TAKE_DRAFT = "take_draft", Subject.DRAFT
    ADD_ASSET = "add_asset", Subject.ASSET
    CHANGE_ASSET = "change_asset", Subject.ASSET
    REMOVE_ASSET = "remove_asset", Subject.ASSET
    ADD_FEARED_EVENT = "add_feared_event", Subject.FEARED_EVENT
    CHANGE_FEARED_EVENT = "change_feared_event", Subject.FEARED_EVENT
    REMOVE_FEARED_EVENT = "remove_feared_event", Subject.FEARED_EVENT
    ACCEPT_FINDING = "accept_finding", Subject.FINDING
    REOPEN_FINDING = "reopen_finding", Subject.FINDING
    FINISH_ANALYSIS = "finish_analysis", Subject.ANALYSIS
    TAKE_STEP = "take_step", Subject.STEP
    SKIP_STEP = "skip_step", Subject.STEP
    SET_TODO_ASIDE = "set_todo_aside", Subject.TODO
    TAKE_TODO_BACK = "take_todo_back", Subject.TODO
    # Of lines written while a button said a step done.
    STEP_DONE = "step_done", Subject.STEP
    STEP_REOPENED = "step_reopened", Subject.STEP
    COMMENT = "comment", Subject.COMMENT
    SETTLE_COMMENT = "settle_comment", Subject.COMMENT
    SECURITY_NEEDS = "security_needs", Subject.LEVEL
    WANT_LEVEL = "want_level", Subject.LEVEL
    APPROVE_LEVEL = "approve_level", Subject.LEVEL
    PUT_BACK_LEVEL = "put_back_level", Subject.LEVEL
    SAVE_STAKEHOLDER = "save_stakeholder", Subject.STAKEHOLDER
    REMOVE_STAKEHOLDER = "remove_stakeholder", Subject.STAKEHOLDER
    SAVE_SOURCE = "save_source", Subject.RISK_SOURCE
    REMOVE_RISK_SOURCE = "remove_risk_source", Subject.RISK_SOURCE
    TELL_SCENARIO = "tell_scenario", Subject.SCENARIO
    RATE_SCENARIO = "rate_scenario", Subject.SCENARIO
    TREAT_RISK = "treat_risk", Subject.SCENARIO
    REMOVE_SCENARIO = "remove_scenario", Subject.SCENARIO
    SAVE_MEASURE = "save_measure", Subject.MEASURE
    REMOVE_MEASURE = "remove_measure", Subject.MEASURE
    ATTEST = "attest", Subject.MEASURE
    WITHDRAW_EVIDENCE = "withdraw_evidence", Subject.PROOF
    EVIDENCE_CHANGED = "evidence_changed", Subject.PROOF
    EVIDENCE_GONE = "evidence_gone", Subject.PROOF
    ADD_CONNECTOR = "add_connector", Subject.CONNECTOR
    CHANGE_TOKEN = "change_token", Subject.CONNECTOR
    SET_ALERTS_ASIDE = "set_alerts_aside", Subject.CONNECTOR
    RUN_CONNECTOR = "run_connector", Subject.CONNECTOR
    REMOVE_CONNECTOR = "remove_connector", Subject.CONNECTOR
    CONFIRM_REPOSITORY = "confirm_repository", Subject.CONNECTOR
    WITHDRAW_REPOSITORY = "withdraw_repository", Subject.CONNECTOR
    SAVE_COMMON_SERVICE = "save_common_service", Subject.COMMON_SERVICE
    BRING_MEASURE = "bring_measure", Subject.COMMON_SERVICE
    WITHDRAW_MEASURE = "withdraw_measure", Subject.COMMON_SERVICE
    RETIRE_COMMON_SERVICE = "retire_common_service", Subject.COMMON_SERVICE
    USE_COMMON_SERVICE = "use_common_service", Subject.COMMON_SERVICE
    STOP_COMMON_SERVICE = "stop_common_service", Subject.COMMON_SERVICE
    COMMON_SERVICE_CHANGED = "common_service_changed", Subject.COMMON_SERVICE
    OPEN_DOSSIER = "open_dossier", Subject.DOSSIER
    DESCRIBE_DOSSIER = "describe_dossier", Subject.DOSSIER
    ASK_OPINIONS = "ask_opinions", Subject.DOSSIER
    TRANSMIT_DOSSIER = "transmit_dossier", Subject.DOSSIER
    TAKE_BACK_DOSSIER = "take_back_dossier", Subject.DOSSIER
    WITHDRAW = "withdraw", Subject.DOSSIER
    RECORD_ELSEWHERE = "record_elsewhere", Subject.DOSSIER
    CONFIRM_ELSEWHERE = "confirm_elsewhere", Subject.DOSSIER
    DRIFT = "drift", Subject.DOSSIER
    ADD_CONDITION = "add_condition", Subject.CONDITION
    ACCEPT_RISK = "accept_risk", Subject.RISK
    REMOVE_DOSSIER_PART = "remove_dossier_part", Subject.DOSSIER_PART
    ASK_REVIEWER = "ask_reviewer", Subject.REVIEWER
    GIVE_OPINION = "give_opinion", Subject.OPINION
    ATTACH_OPINION = "attach_opinion", Subject.ATTACHED_OPINION
    ANSWER_PIECE = "answer_piece", Subject.PIECE
    ATTACH_DOCUMENT = "attach_document", Subject.DOCUMENT
    DECIDE = "decide", Subject.DECISION
    RECORD_SIGNED = "record_signed", Subject.DECISION
    CONFIRM_SIGNED = "confirm_signed", Subject.DECISION
    DISCARD_SIGNED = "discard_signed", Subject.DECISION
    ASK_LIFTING = "ask_lifting", Subject.RESERVATION
    LIFT_RESERVATION = "lift_reservation", Subject.RESERVATION
    ASK_DISPENSATION = "ask_dispensation", Subject.DISPENSATION
    CANCEL_DISPENSATION = "cancel_dispensation", Subject.DISPENSATION
    GRANT_DISPENSATION = "grant_dispensation", Subject.DISPENSATION
    REFUSE_DISPENSATION = "refuse_dispensation", Subject.DISPENSATION
    END_DISPENSATION = "end_dispensation", Subject.DISPENSATION
    ADD_DISPENSATION_CASE = "add_dispensation_case", Subject.DISPENSATION
    RETIRE_DISPENSATION_CASE = "retire_dispensation_case", Subject.DISPENSATION
    DELEGATE = "delegate", Subject.DELEGATION
    END_DELEGATION = "end_delegation", Subject.DELEGATION
    PUBLIC_REGISTER = "public_register", Subject.REGISTER
    POSTPONE = "postpone", Subject.DEADLINE
    SET_ESCALATION = "set_escalation", Subject.INCUBATOR
    RELAUNCH = "relaunch", Subject.REMINDER
    RELAUNCH_TEAM = "relaunch_team", Subject.REMINDER
    SET_REMINDERS = "set_reminders", Subject.REMINDER
    ADD_CHANNEL = "add_channel", Subject.CHANNEL
    REMOVE_CHANNEL = "remove_channel", Subject.CHANNEL
    OPEN_FEED = "open_feed", Subject.CALENDAR
    REVOKE_FEED = "revoke_feed", Subject.CALENDAR
    KEEP_VIEW = "keep_view", Subject.VIEW
    FORGET_VIEW = "forget_view", Subject.VIEW


# What leaves a product and its dossiers as they were: reading, judging, deciding, reminding, naming people. Any other act
# writes in them, one that is yet to come included.
_NOT_WRITING = frozenset(
    {
        Action.RECORD_SIGNED,
        Action.CONFIRM_SIGNED,
        Action.DISCARD_SIGNED,
        Action.CONFIRM_ELSEWHERE,
        Action.LIFT_RESERVATION,
        Action.GRANT_DISPENSATION,
        Action.REFUSE_DISPENSATION,
        Action.END_DISPENSATION,
        Action.GIVE_ROLE,
        Action.WITHDRAW_ROLE,
        Action.LIST_AUTHORITY,
        Action.CONFIRM_AUTHORITY,
        Action.END_AUTHORITY,
        Action.SIGN_IN,
        Action.SIGN_OUT,
        Action.END_SESSIONS,
        Action.PROVE_FACTOR,
        Action.CLOSE_ACCOUNT,
        Action.REOPEN_ACCOUNT,
        Action.ERASE_PERSON,
        Action.REVIEW_RIGHTS,
        Action.ACCEPT_MOVE,
        Action.REFUSE_MOVE,
        Action.DRAW_RECOVERY,
        Action.USE_RECOVERY,
        Action.CONFIRM_FACTOR,
        Action.ASK_JOIN,
        Action.JOIN_ACCOUNT,
        Action.SEPARATE_ACCOUNT,
        Action.CHANGE_ADDRESS,
        Action.LANGUAGE,
        Action.ADD_FACTOR,
        Action.REMOVE_FACTOR,
        Action.FORGET_FACTORS,
        Action.COMMENT,
        Action.SETTLE_COMMENT,
        Action.APPROVE_LEVEL,
        Action.PUT_BACK_LEVEL,
        Action.GIVE_OPINION,
        Action.DECIDE,
        Action.WITHDRAW,
        Action.DELEGATE,
        Action.END_DELEGATION,
        Action.DRIFT,
        Action.POSTPONE,
        Action.SET_ESCALATION,
        Action.RELAUNCH,
        Action.RELAUNCH_TEAM,
        Action.SET_REMINDERS,
        Action.ADD_CHANNEL,
        Action.REMOVE_CHANNEL,
        Action.OPEN_FEED,
        Action.REVOKE_FEED,
        Action.KEEP_VIEW,
        Action.FORGET_VIEW,
    }
)
WRITING = frozenset(Action) - _NOT_WRITING

SUBJECTS = {action.value: action.subject for action in Action}
