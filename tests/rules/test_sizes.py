"""Ceilings on files, functions and signatures. The allow-list is short; an entry is a reviewed change with a reason."""

from __future__ import annotations

import ast

from tests.rules.source import SOURCE, TESTS, name_of, python_files, tree_of

FILE_LINES = 600
TEST_FILE_LINES = 900
FUNCTION_LINES = 60
PARAMETERS = 8

ALLOWED_FILES: dict[str, int] = {}
ALLOWED_FUNCTIONS: dict[str, int] = {}
ALLOWED_PARAMETERS: dict[str, int] = {}


def test_no_source_file_passes_the_ceiling() -> None:
    over = {name_of(path): lines for path in python_files(SOURCE) if (lines := count(path)) > FILE_LINES}
    assert {name: lines for name, lines in over.items() if lines > ALLOWED_FILES.get(name, 0)} == {}


def test_no_test_file_passes_the_ceiling() -> None:
    assert {name_of(path): count(path) for path in python_files(TESTS) if count(path) > TEST_FILE_LINES} == {}


def test_no_function_passes_the_ceiling() -> None:
    over = {}
    for path in python_files(SOURCE):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = body_lines(node)
                name = f"{name_of(path)}:{node.name}"
                if lines > ALLOWED_FUNCTIONS.get(name, FUNCTION_LINES):
                    over[name] = lines
    assert over == {}


def test_no_signature_has_too_many_parameters() -> None:
    over = {}
    for path in python_files(SOURCE):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [argument.arg for argument in node.args.posonlyargs + node.args.args + node.args.kwonlyargs]
                count_without_self = len([name for name in names if name not in ("self", "cls")])
                name = f"{name_of(path)}:{node.name}"
                if count_without_self > ALLOWED_PARAMETERS.get(name, PARAMETERS):
                    over[name] = count_without_self
    assert over == {}


def count(path: object) -> int:
    with open(str(path)) as file:
        return sum(1 for _ in file)


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines
