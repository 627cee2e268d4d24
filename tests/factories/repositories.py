"""Repositories to make a draft of: their files, as texts or in archives."""

import io
import tarfile
import zipfile

from risk_models.draft import Tree, draft_product


def files(texts: dict[str, str]):
    return draft_product(Tree("essai", dict(texts)))


def names(found) -> set[str]:
    return {c.name for c in found.system.components}


COMPOSE = """
services:
  app:
    build: .
    depends_on: [base]
  base: {image: "postgres:15.4"}
  stats: {image: "metabase/metabase:v0.48.1"}
  courriels: {image: maildev/maildev}
  e2e-tests: {image: "example/runner"}
  faux-s3: {image: minio/minio}
  maison: {image: "registry.example.org/equipe/calcul:2.1"}
"""

SECRET = "9f8Kq2LmZx7RtVb4Yw1NcUe6"


def zipped(members: dict[str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out


def tarred(members: dict[str, bytes], mode: str = "w:gz") -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out
