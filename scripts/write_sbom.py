"""Writes what Jalon itself is made of, from its two lock files: CycloneDX 1.6 on standard output; run by `make sbom`."""

import sys
from pathlib import Path
from typing import TextIO

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from app.packages.importers import open_reading

ROOT = Path(__file__).resolve().parent.parent
# Each lock, and the name by which its format is known.
LOCKS = (("requirements/run.lock", "requirements.txt"), ("package-lock.json", "package-lock.json"))


def main(out: TextIO = sys.stdout) -> None:
    bom = Bom()
    bom.metadata.component = Component(name="jalon", type=ComponentType.APPLICATION, bom_ref="jalon")
    for lock, name in LOCKS:
        with (ROOT / lock).open("rb") as file:
            for one in open_reading(file, name).packages:
                purl = PackageURL(**PackageURL.from_string(one.package).to_dict() | {"version": one.version})
                bom.components.add(
                    Component(
                        name=purl.name,
                        group=purl.namespace,
                        version=one.version,
                        purl=purl,
                        type=ComponentType.LIBRARY,
                        bom_ref=purl.to_string(),
                    )
                )
    bom.register_dependency(bom.metadata.component, bom.components)
    out.write(JsonV1Dot6(bom).output_as_string(indent=1) + "\n")


if __name__ == "__main__":
    main()
