"""Reads a YAML file of the catalogue."""

from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML


def read_yaml(name: str) -> Any:
    return YAML(typ="safe").load(files("risk_models.catalogue").joinpath(name).read_text(encoding="utf-8"))
