"""Reads the files of the catalogue."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

_FOLDER = files("risk_models.catalogue")


def read_yaml(name: str) -> Any:
    return YAML(typ="safe").load(_FOLDER.joinpath(name).read_text(encoding="utf-8"))


@cache
def catalogue_sha256() -> str:
    """What `sha256sum *.yaml | sha256sum` prints in the folder of the catalogue, names in the order of their letters."""
    found = sorted((file for file in _FOLDER.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in found]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
