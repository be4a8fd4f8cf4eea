# One line per chore. `just --list` shows them.

# Writes the two hash-locked files from pyproject.toml (no address of a package index stands in them).
lock:
    uv pip compile --universal --generate-hashes --no-header --no-annotate --no-strip-extras --quiet pyproject.toml -o requirements.txt
    uv pip compile --universal --generate-hashes --no-header --no-annotate --no-strip-extras --quiet --group dev pyproject.toml -o requirements-dev.txt

# Everything CI runs.
ci:
    bash .ci/run

test *args:
    pytest {{args}}

lint:
    ruff check .
    ruff format --check .
    LAUREL_TESTING=1 mypy lms courses certifications badges cms
    lint-imports
    djlint templates --lint
