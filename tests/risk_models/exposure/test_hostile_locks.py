"""Files that are no lock, or that are made to exhaust their reader."""

import time

import pytest

from risk_models.exposure.lock_files import reader_of


def read(name: str, text: str):
    return {(one.purl.removeprefix("pkg:"), str(one.version or "")) for one in reader_of(name)(text, lambda *_: None)}


# Files of a few thousand characters that took minutes, or memory without end.
SLOW = {
    "pom.xml": "<project><dependencyManagement><dependencies>"
    + "".join(f"<dependency><artifactId>a{i}</artifactId></dependency>" for i in range(6_000))
    + "</dependencies></dependencyManagement><properties>"
    + "".join(f"<p{i}>1</p{i}>" for i in range(10_000))
    + "</properties><profiles>"
    + "<profile><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId></dependency></dependencies></profile>"
    * 3_000
    + "</profiles></project>",
    "gradle.lockfile": "a:b:1="
    + "testaTest," * 30
    + "x\n"
    + "a:c:1="
    + "".join(f"testF{i}TestR," for i in range(30))
    + "r\n",
    "pnpm-lock.yaml": 'importers: {.: {dependencies: {x: {version: "' + "a." * 6_000 + '"}}}}\npackages: {a@1: {}}\n',
    "yarn.lock": '"x@' + "@file:" * 100_000 + '.tgz":\n  version "1"\n',
    "requirements.txt": "".join(f"a=={i} # via c\n" for i in range(9_000))
    + "".join(f"b{i}==1 # via a\n" for i in range(9_000)),
    "uv.lock": "".join(f'[[package]]\nname = "a"\nversion = "{i}"\n' for i in range(50))
    + '[[package]]\nname = "b"\nversion = "1"\ndependencies = [\n'
    + '{ name = "a", version = "49" },\n' * 20_000
    + "]\n",
}


@pytest.mark.parametrize("name", SLOW)
def test_no_file_takes_more_than_it_weighs(name):
    started = time.process_time()
    edges = sum(len(one.needs) for one in reader_of(name)(SLOW[name], lambda *_: None))
    assert time.process_time() - started < 5
    assert edges < 1_000_000


# Files of another kind under the name of a lock file of lines.
OTHERS = {
    "json": '{"bomFormat": "CycloneDX", "components": []}',
    "xml": "<project>\n <modelVersion>4.0.0</modelVersion>\n <a>b:c:d=e</a>\n</project>",
    "html": "<!doctype html>\n<html>\n<p>404: Not Found</p>\n</html>",
    "poetry": '[[package]]\nname = "a"\nversion = "1.0"\n[metadata]\npython-versions = "^3.11"\n',
    "prose": "La liste des paquets\nse trouve dans un autre dossier.\nDemandez à l’équipe.\n",
}


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", ["go.sum", "gradle.lockfile", "requirements.txt"])
def test_a_file_of_another_kind_is_refused_under_the_name_of_a_lock(name, kind):
    with pytest.raises(ValueError, match="most lines are of another form"):
        read(name, OTHERS[kind])


def test_a_few_lines_of_another_form_leave_the_others():
    told = "# this is a comment\na:b:1=compileClasspath\n>>>\nun mot\nempty=annotationProcessor\n"
    assert read("gradle.lockfile", told) == {("maven/a/b", "1")}
    assert read("requirements.txt", "a==1\n./ici\nhttps://exemple.test/x.zip\n% mot %\n") == {("pypi/a", "1")}
