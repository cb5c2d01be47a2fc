"""The descriptions of the environment and of the tests agree, and no committed text depends on one machine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)")

# [/] and [.] stand for a slash and a dot, so that this file does not match its own patterns.
ONE_MACHINE = re.compile(r"[/](?:work|root|opt|home|Users)[/]\w|[/]tmp[/]\w|[.][.][/]shared|[.]pyenv")
PACKAGE_HOST = re.compile(
    r"pypi[.](?:org|python)|pythonhosted[.]org|download[.]pytorch|anaconda[.](?:org|com)|npmjs[.]"
)
INDEX_OPTION = re.compile(r"--(?:extra-)?index[-]url|--find[-]links|--trusted[-]host")
ENCODED_PICTURE = re.compile(r'"image/(?:png|jpeg|gif)": "[^"]*"')  # base64 may contain any letters between slashes


def split(requirement):
    """Return (name, set of version conditions) of a requirement such as 'pytest>=8.2,<10'."""
    name, conditions = re.fullmatch(r"([A-Za-z0-9._-]+)\s*(.*)", requirement).groups()
    return normal(name), frozenset(conditions.replace(" ", "").split(",")) - {""}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def direct(*extras):
    return [*PROJECT["project"]["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]


def committed_texts():
    """Yield (name, text) of every text file that is committed or not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git checkout, so it is not known which files are committed")
    for name in listed.stdout.splitlines():
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in content:
            yield name, ENCODED_PICTURE.sub("", content.decode("utf-8"))


def pins(file="constraints.txt"):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_conda_and_pip_install_the_same_packages():
    packages = [line for line in CONDA["dependencies"] if isinstance(line, str)]
    conda = dict(split(line) for line in packages)
    assert len(conda) == len(packages)
    assert conda.pop("python") == {PROJECT["project"]["requires-python"]}
    assert conda.pop("pip") == set()
    assert conda == dict(split(line) for line in direct("notebooks", "fast", "interop", "test"))


def test_conda_installs_this_project_from_the_checkout_and_its_dependencies_from_conda_forge():
    assert CONDA["channels"] == ["conda-forge"]
    assert CONDA["dependencies"][-1] == {"pip": ["-e ."]}


def test_uv_installs_the_same_extras_as_make():
    assert PROJECT["dependency-groups"]["dev"] == ["cnn-from-scratch[notebooks,fast,interop,test]"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert '-e ".[notebooks,fast,test]"' in makefile
    assert '-e ".[interop]"' in makefile


def test_the_core_depends_on_numpy_alone():
    assert [split(line)[0] for line in PROJECT["project"]["dependencies"]] == ["numpy"]


@pytest.mark.parametrize("file", ["constraints.txt", "site/constraints.txt"])
def test_constraints_are_plain_pins_each_given_once(file):
    assert [line for line in pins(file) if not PIN.fullmatch(line)] == []
    names = [normal(PIN.match(line)[1]) for line in pins(file)]
    assert len(names) == len(set(names))


def test_every_direct_dependency_is_pinned():
    pinned = {normal(PIN.match(line)[1]) for line in pins()}
    assert {
        split(line)[0] for line in direct(*EXTRAS.keys() - {"site"})
    } - pinned == set()  # site/constraints.txt has those


def test_the_site_pins_all_it_installs_as_the_notebooks_do_but_for_jupyterlab():
    lists = [[line.split("==") for line in pins(file)] for file in ("constraints.txt", "site/constraints.txt")]
    ours, theirs = ({normal(name): version for name, version in each} for each in lists)
    assert {split(line)[0] for line in direct("notebooks", "fast", "interop", "pages", "site")} - set(theirs) == set()
    differing = {name for name in set(ours) & set(theirs) if ours[name] != theirs[name]}
    assert differing <= {"jupyterlab", "jupyterlab-server", "jupyterlab-widgets", "ipywidgets", "widgetsnbextension"}


@pytest.mark.parametrize("pattern", [ONE_MACHINE, PACKAGE_HOST, INDEX_OPTION], ids=["machine", "host", "index-option"])
def test_no_committed_text_names_a_local_path_or_a_package_host(pattern):
    found = [(name, match.group()) for name, text in committed_texts() for match in pattern.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (ONE_MACHINE, "/".join(["see ", "work", "main"])),
        (ONE_MACHINE, "/".join(["", "opt", "wheels"])),
        (ONE_MACHINE, "/".join(["", "root", "x"])),
        (ONE_MACHINE, "/".join(["..", "shared"])),
        (PACKAGE_HOST, ".".join(["https://pypi", "org"])),
        (INDEX_OPTION, "-".join(["pip install -", "", "extra", "index", "url=x"]).replace("- -", "--")),
    ],
)
def test_a_local_path_or_a_package_host_is_found(pattern, text):
    assert pattern.search(text)
