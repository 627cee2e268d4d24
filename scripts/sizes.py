"""Refuses a Python file over 400 lines, a function over 50, a line of a template over 120 columns."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_FILE, MOST_FUNCTION, MOST_COLUMNS = 400, 50, 120


def too_long(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    found = [f"{name}: {count} lines"] if (count := text.count("\n")) > MOST_FILE else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MOST_FUNCTION:
                found.append(f"{name}:{node.lineno}: {node.name} has {length} lines")
    return found


def too_wide(path: Path) -> list[str]:
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return [f"{path.relative_to(ROOT)}:{n}: {len(line)} columns" for n, line in lines if len(line) > MOST_COLUMNS]


def main() -> None:
    folders = ("app", "reports", "risk_models", "tests", "scripts")
    found = [line for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) for line in too_long(path)]
    templates = sorted(p for p in (ROOT / "templates").rglob("*") if p.suffix in {".html", ".txt", ".css"})
    found += [line for path in templates for line in too_wide(path)]
    print("\n".join(found), file=sys.stderr)
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
