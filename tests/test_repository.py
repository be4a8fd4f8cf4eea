"""What holds for the whole tree: sizes, names, markup, locks. Exceptions stand here, each with its reason."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.core.management import call_command
from django.db.models import CheckConstraint

ROOT = Path(__file__).resolve().parent.parent
OURS = ("lms", "courses", "certifications", "badges", "cms")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40

LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}
# Who may call a text safe: each has cleaned or built it itself.
MARKS_SAFE = {
    "lms/common/html.py": "the policy itself",
    "cms/rendering.py": "joins blocks: their templates escape, their rich text is cleaned when published",
    "lms/assessments/items/shown.py": "item text, cleaned when the item version was made",
    "lms/assessments/services/checks.py": "remarks of a key, cleaned when the item version was made",
    "lms/assessments/sitting_views.py": "remarks of a key, cleaned when the item version was made",
    "lms/assessments/wagtail_hooks.py": "an item as stored; patterns and numbers are escaped by describe()",
}


def tracked(*patterns: str) -> list[Path]:
    """Files of the project: what git tracks, or all files where there is no git."""
    try:
        out = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, check=True, capture_output=True).stdout
        return [ROOT / name for name in out.decode().split("\0") if name and (ROOT / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        skip = {".venv", "var", "node_modules", "staticfiles"}
        return [path for pattern in patterns for path in ROOT.rglob(pattern) if not skip & set(path.parts)]


def code() -> list[Path]:
    return [
        path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in OURS and "migrations" not in path.parts
    ]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_files_stay_short() -> None:
    long = {name(path): lines for path in code() if (lines := len(path.read_text().splitlines())) > MAX_FILE_LINES}
    assert set(long) == set(LONG_FILES)


def test_functions_stay_short() -> None:
    long = set()
    for path in code():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                start = (first.end_lineno or 0) + 1 if is_docstring else node.lineno
                if (node.end_lineno or 0) - start + 1 > MAX_FUNCTION_LINES:
                    long.add(f"{name(path)}:{node.name}")
    assert long == set(LONG_FUNCTIONS)


def test_modules_are_named_for_what_they_hold() -> None:
    vague = {"utils.py", "helpers.py", "misc.py", "selectors.py", "signals.py"}
    assert [name(path) for path in code() if path.name in vague] == []


def test_no_left_overs() -> None:
    pattern = re.compile(r"\b(TODO|FIXME|XXX|lorem ipsum)\b", re.IGNORECASE)
    found = [
        f"{name(path)}:{number}"
        for path in tracked("*.py", "*.html", "*.js", "*.css", "*.yaml")
        if path.name != "test_repository.py"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_templates_hold_no_inline_code() -> None:
    """The content security policy would refuse it: script bodies, style attributes and elements, handlers."""
    pattern = re.compile(
        r"<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:|<script(?![^>]*\bsrc=)(?![^>]*application/(ld\+)?json)"
    )
    found = [
        f"{name(path)}: {match.group().strip()}"
        for path in tracked("*.html")
        if "emails" not in path.parts and "wagtailadmin" not in path.parts
        for match in [pattern.search(path.read_text())]
        if match
    ]
    assert found == []


def test_text_is_called_safe_in_known_places_only() -> None:
    """XSS-06."""
    marks = re.compile(r"\bmark_safe\(|\|\s*safe\b|autoescape off|SafeString\(")
    found = {
        name(path)
        for path in [*code(), *tracked("*.html")]
        if "tests" not in path.parts and marks.search(path.read_text())
    }
    assert found == set(MARKS_SAFE)


def test_lock_files_hold_hashes_and_no_address() -> None:
    for lock in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        assert text.count("--hash=sha256:") > 100


def test_every_dependency_has_its_reason() -> None:
    block = (ROOT / "pyproject.toml").read_text().split("dependencies = [", 1)[1].split("\n]", 1)[0]
    bare = [line for line in block.splitlines() if line.strip().startswith('"') and "#" not in line]
    assert bare == []


def test_every_environment_variable_is_documented() -> None:
    asked = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "lms" / "settings.py").read_text()))
    documented = set(re.findall(r"^#?\s?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked == documented


def test_who_and_when_go_together() -> None:
    """A pair such as revoked_at and revoked_by is bound by a constraint: both or neither."""
    unbound = []
    for model in apps.get_models():
        if not model.__module__.startswith(OURS):
            continue
        fields = {field.name for field in model._meta.local_fields}
        conditions = " ".join(str(c.condition) for c in model._meta.constraints if isinstance(c, CheckConstraint))
        for field in fields:
            verb = field.removesuffix("_by")
            nullable = f"{verb}_at" in fields and model._meta.get_field(f"{verb}_at").null
            if field.endswith("_by") and nullable and f"{verb}_at" not in conditions:
                unbound.append(f"{model.__name__}.{field}")
    assert unbound == []


@pytest.mark.django_db
def test_every_fixture_loads() -> None:
    for path in sorted((ROOT / "fixtures").glob("*.yaml")):
        call_command("loaddata", str(path), verbosity=0)


def test_demo_content_is_well_formed() -> None:
    for path in sorted((ROOT / "fixtures" / "demo").rglob("*.yaml")):
        assert yaml.safe_load(path.read_text()), path.name


def test_tests_that_the_documents_name_exist() -> None:
    """Documents name tests as `path::function`."""
    named = {
        found for path in tracked("docs/*.md") for found in re.findall(r"(tests/[\w/]+\.py)::(\w+)", path.read_text())
    }
    assert len(named) > 20
    missing = [
        f"{path}::{function}"
        for path, function in sorted(named)
        if not (ROOT / path).exists() or f"\ndef {function}(" not in (ROOT / path).read_text()
    ]
    assert missing == []
