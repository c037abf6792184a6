import ast
import importlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib

import pytest
from paths import PACKAGE, PROTOCOLS, ROOT
from ruamel.yaml import YAML

import n1trial

NOTEBOOKS = ROOT / "notebooks"


@pytest.mark.parametrize("name", n1trial.__all__)
def test_every_public_name_is_there_and_says_what_it_is(name):
    value = getattr(n1trial, name)
    assert isinstance(value, dict) or (value.__doc__ and not value.__doc__.startswith(f"{name}("))


def test_the_stub_names_every_public_name_where_it_comes_from():
    # `__getattr__` alone would make each of them an Any.
    body = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8")).body
    in_stub = {
        name.name: f"{line.module}.{name.name}"
        for line in body
        if isinstance(line, ast.ImportFrom)
        for name in line.names
    }
    assert in_stub == {name: f"n1trial.{place}.{name}" for name, place in n1trial._MODULE_OF.items()}
    (exported,) = (ast.literal_eval(line.value) for line in body if isinstance(line, ast.Assign))
    assert sorted(exported) == n1trial.__all__


@pytest.mark.slow
def test_a_type_checker_sees_the_types_of_public_names_in_a_users_script(tmp_path):
    script = tmp_path / "script.py"
    names = [*n1trial.__all__, "__version__"]
    lines = [
        "import n1trial",
        *(f"reveal_type(n1trial.{name})" for name in names),
        'reveal_type(n1trial.open_trial("mine").effects[0].contrasts[0].mean)',
        "n1trial.open_trial(3)",
    ]
    script.write_text("\n".join(lines), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", "cache", "--ignore-missing-imports", script.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    revealed = dict(
        re.findall(r'^script\.py:(\d+): note: Revealed type is "(.*)"$', ran.stdout, re.MULTILINE)
    )
    for number, name in enumerate(names, start=2):
        assert not revealed[str(number)].startswith(("Any", "builtins.object")), name
    assert revealed[str(len(names) + 2)] in ("float", "builtins.float")
    assert re.search(rf"^script\.py:{len(lines)}: error: .*open_trial", ran.stdout, re.MULTILINE)


def test_the_version_is_that_of_the_installed_package():
    assert n1trial.__version__ == importlib.metadata.version("n1trial")
    assert "__version__" in dir(n1trial)
    code = "import sys, n1trial; print('importlib.metadata' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"  # looked up when it is asked for


def test_importing_the_package_imports_no_module():
    code = "import sys, n1trial; print(sorted(name for name in sys.modules if name.startswith('n1trial')))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['n1trial']"


def test_no_public_function_has_the_name_of_a_folder():
    # Importing the folder would turn the package's attribute from a function into a module.
    folders = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    assert not folders & set(n1trial.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = n1trial.nonsense


def test_the_map_of_the_readme_is_the_package():
    names = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py", "__main__.py"}
    names |= {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    mapped = set(re.findall(r"^\| `([a-z_]+(?:\.py|/))` \|", text, flags=re.MULTILINE))
    assert mapped == names


def test_no_module_is_longer_than_300_lines_but_those_that_say_why():
    long = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > 300
    }
    # The docstring of each says why it stays whole.
    assert long == {"inference/priors.py"}


def test_the_map_goes_down_the_layers_of_the_contract():
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("layers = [")[1].split("]")[0]
    layers = [re.findall(r"[a-z_]+", line) for line in contract.splitlines() if '"' in line]
    height = {name: layer for layer, names in enumerate(layers) for name in names}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    mapped = [
        name.removesuffix(".py") for name in re.findall(r"^\| `([a-z_]+)(?:\.py|/)` \|", text, re.MULTILINE)
    ]
    heights = [height[name] for name in mapped]
    assert heights == sorted(heights)


def test_nothing_but_the_agreed_stands_at_the_top():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    agreed = {
        "n1trial",
        "protocols",
        "notebooks",
        "tests",
        "pyproject.toml",
        "CHANGELOG.md",
        "CITATION.cff",
        "README.md",
        "LICENSE",
        "uv.lock",
    }
    assert {name for name in top if not name.startswith(".")} <= agreed


def test_the_citation_is_of_this_version():
    cited = YAML(typ="safe", pure=True).load(ROOT / "CITATION.cff")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {name: cited[name] for name in ("version", "license")} == {
        name: project[name] for name in ("version", "license")
    }


PAGES = [
    ROOT / "README.md",
    ROOT / ".github" / "CONTRIBUTING.md",
    *sorted(path for folder in (PACKAGE, PROTOCOLS, NOTEBOOKS) for path in folder.rglob("README*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_picture_and_file_that_a_readme_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    for linked in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        assert linked.startswith("http") or (page.parent / linked).exists(), linked
    for named in re.findall(r"`((?:n1trial|notebooks|protocols|tests)/[\w./-]+)`", text):
        assert (ROOT / named).exists() or "NAME" in named, named


def test_the_first_page_shows_the_report_and_says_where_to_go_on():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert "](notebooks/report.png)" in text
    assert "](.github/CONTRIBUTING.md)" in text
    assert (ROOT / "notebooks" / "report.png").stat().st_size <= 200_000


def test_the_python_of_the_readme_uses_public_names_alone():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    used = {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "n1trial"
    }
    assert used
    assert used <= set(n1trial.__all__)


@pytest.mark.parametrize("folder", ["report", "report.figures", "report.sentences"])
def test_every_public_name_of_the_report_says_what_it_is(folder):
    module = importlib.import_module(f"n1trial.{folder}")
    for name in module.__all__:
        value = getattr(module, name)
        assert not callable(value) or value.__doc__, name


def test_the_package_declares_that_it_has_types():
    assert (PACKAGE / "py.typed").is_file()
