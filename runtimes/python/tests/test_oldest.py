"""The oldest Python that the package promises can read it."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

SOURCES = sorted((Path(__file__).parents[1] / "src" / "failway").glob("*.py"))
OLDEST = (3, 9)

# Came to the standard library, or to builtins, after 3.9: module, name.
NEWER_MODULES = {"tomllib", "annotationlib"}
NEWER_NAMES = {
    ("typing", "ParamSpec"), ("typing", "TypeAlias"), ("typing", "Self"), ("typing", "Never"), ("typing", "override"),
    ("typing", "assert_never"), ("typing", "LiteralString"), ("typing", "NotRequired"), ("typing", "Required"),
    ("typing", "TypeGuard"), ("typing", "Unpack"), ("typing", "reveal_type"), ("itertools", "pairwise"),
    ("itertools", "batched"), ("bisect", "key"), ("enum", "StrEnum"), ("datetime", "UTC"), ("types", "NoneType"),
    ("types", "EllipsisType"), ("contextlib", "chdir"), ("hashlib", "file_digest"), ("inspect", "get_annotations"),
}
NEWER_CALLS = {"aiter", "anext", "ExceptionGroup", "BaseExceptionGroup"}


def newer(tree: ast.AST) -> list[str]:
    """What in the tree only later versions have."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{a.name}" for a in node.names if (node.module, a.name) in NEWER_NAMES]
            found += [str(node.module)] * (node.module in NEWER_MODULES)
        elif isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name in NEWER_MODULES]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in NEWER_NAMES:
                found.append(f"{node.value.id}.{node.attr}")
            if node.attr in ("bit_count", "add_note"):
                found.append(node.attr)
        elif isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            given = {k.arg for k in node.keywords}
            if name in NEWER_CALLS or name == "zip" and "strict" in given:
                found.append(name)
            if name in ("dataclass", "bisect_left", "bisect_right") and given & {"slots", "kw_only", "key"}:
                found.append(name)
            if name in ("isinstance", "issubclass") and any(isinstance(a, ast.BinOp) for a in node.args):
                found.append(f"{name} of a union")
    return found


class OldestPython(unittest.TestCase):
    def test_its_grammar_is_enough(self) -> None:
        self.assertGreater(len(SOURCES), 20)
        for path in SOURCES:
            tree = ast.parse(path.read_text("utf-8"), path.name, feature_version=OLDEST)
            self.assertEqual(newer(tree), [], path.name)
            # With this, annotations may be written as later versions write them.
            annotated = any(isinstance(n, (ast.arg, ast.AnnAssign)) and n.annotation for n in ast.walk(tree))
            future = any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body)
            self.assertTrue(future or not annotated, path.name)

    def test_what_is_newer_is_seen(self) -> None:
        for text in ("from typing import Self", "zip(a, b, strict=True)", "isinstance(a, int | str)", "import tomllib"):
            self.assertNotEqual(newer(ast.parse(text)), [], text)
        with self.assertRaises(SyntaxError):
            ast.parse("match a:\n    case 1: pass", feature_version=OLDEST)

    def test_it_runs_there(self) -> None:
        """Where that Python is installed."""
        python = sys.executable if sys.version_info[:2] == OLDEST else shutil.which("python3.9")
        works = python and subprocess.run([python, "-c", ""], capture_output=True).returncode == 0
        if not python or not works:
            self.skipTest("no python3.9 here")
        tests = Path(__file__).parent
        done = subprocess.run(
            [python, "-m", "unittest", "-q", "test_runtime"],
            cwd=tests,
            env={"PYTHONPATH": str(SOURCES[0].parents[1])},
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
