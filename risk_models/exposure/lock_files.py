"""Lock files that a team has at hand, by their names. Each holds exact versions; what is not exact is read without version."""

import re

from risk_models.exposure import jvm_locks, node_locks, other_locks, python_locks
from risk_models.exposure.lock_text import Pairs


def reader_of(name: str) -> Pairs | None:
    """What reads a file of this name; None when it is not a lock file."""
    known = _BY_NAME.get(name)
    return known or next((reader for pattern, reader in _BY_PATTERN if pattern.fullmatch(name)), None)


_BY_NAME: dict[str, Pairs] = {
    "package-lock.json": node_locks.package_lock,
    "npm-shrinkwrap.json": node_locks.package_lock,
    "yarn.lock": node_locks.yarn_lock,
    "pnpm-lock.yaml": node_locks.pnpm_lock,
    "bun.lock": node_locks.bun_lock,
    "poetry.lock": python_locks.toml_packages,
    "uv.lock": python_locks.toml_packages,
    "pdm.lock": python_locks.toml_packages,
    "Pipfile.lock": python_locks.pipfile_lock,
    "Cargo.lock": other_locks.cargo_lock,
    "Gemfile.lock": other_locks.gemfile_lock,
    "composer.lock": other_locks.composer_lock,
    "pom.xml": jvm_locks.pom,
    "gradle.lockfile": jvm_locks.gradle_lockfile,
    "buildscript-gradle.lockfile": jvm_locks.gradle_lockfile,
    "go.mod": other_locks.go_mod_file,
    "go.sum": other_locks.go_sum,
    "packages.lock.json": other_locks.nuget_lock,
    "mix.lock": other_locks.mix_lock,
    "pubspec.lock": other_locks.pubspec_lock,
    "Podfile.lock": other_locks.podfile_lock,
    "Package.resolved": other_locks.package_resolved,
    "conan.lock": other_locks.conan_lock,
}
_BY_PATTERN: tuple[tuple[re.Pattern[str], Pairs], ...] = (
    (re.compile(r"requirements.*\.txt"), python_locks.requirements),
    (re.compile(r"pylock(\.[^.]+)?\.toml"), python_locks.pylock),
)
