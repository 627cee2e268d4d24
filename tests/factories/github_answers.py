"""A GitHub that answers what a test tells it, from recorded answers."""

import json

from app.evidence.importers import github
from app.platform.outbound import Answer
from tests.conftest import ROOT

SAMPLES = ROOT / "tests" / "data" / "evidence"
REPOSITORY = "octocat/hello-world"


class GitHub:
    """A GitHub that answers what it is told, by the end of the path."""

    def __init__(self, **answers):
        self.answers = {
            "about": (200, {"default_branch": "main"}),
            "dependabot": (200, json.loads((SAMPLES / "github_dependabot.json").read_text())),
            "code-scanning": (200, json.loads((SAMPLES / "github_code_scanning.json").read_text())),
            "secret-scanning": (200, []),
            "rules": (200, []),
            "protection": (200, {"required_pull_request_reviews": {"required_approving_review_count": 1}}),
        } | answers
        self.asked: list[str] = []

    def __call__(self, path: str) -> Answer:
        self.asked.append(path)
        key = next((k for k in self.answers if f"/{k}" in path), "about")
        key = "page2" if "page=2" in path and "page2" in self.answers else key
        status, body, *headers = self.answers[key]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Answer(status, headers[0] if headers else {}, content)

    def readings(self, aside: github.AsideRules | None = None):
        found, problem = github.read_repository(self, REPOSITORY, aside or github.AsideRules())
        return {r.check: r for r in found}, problem
