"""Reads from the pages' source where a text of others would be drawn as Markdown."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

ESCAPES = ("html.escape", "_escape", "plain", "plain_label")
FIGURES = ("clock", "duration", "percent", "points", "points_changed")
"""What they write is a number."""

MARKDOWN = frozenset(
    [
        "_step",
        "badge",
        "button",
        "caption",
        "checkbox",
        "download_button",
        "error",
        "expander",
        "file_uploader",
        "form_submit_button",
        "header",
        "info",
        "link_button",
        "markdown",
        "metric",
        "multiselect",
        "number_input",
        "page_link",
        "pills",
        "popover",
        "progress",
        "radio",
        "segmented_control",
        "selectbox",
        "shut",
        "slider",
        "spinner",
        "status",
        "subheader",
        "success",
        "tabs",
        "text_area",
        "text_input",
        "title",
        "toast",
        "toggle",
        "warning",
        "write",
    ]
)
"""What is drawn with these functions is Markdown: their first argument, labels, helps."""

OTHERS = frozenset(
    [
        "about",
        "choice",
        "convention",
        "whose",
        "caution",
        "citation",
        "devel_reason",
        "line",
        "licence",
        "licence_source",
        "id",
        "text_of",
        "without",
        "active",
        "added",
        "roots",
        "tagged",
        "agreeing",
        "asked",
        "backups",
        "candidate",
        "claimed_by",
        "corpus",
        "definition",
        "document",
        "earlier",
        "error",
        "everywhere",
        "folded",
        "folder",
        "foreign",
        "found",
        "holders",
        "home",
        "in_use",
        "label",
        "mapping",
        "message",
        "missing",
        "model",
        "models",
        "name",
        "names",
        "note",
        "partial",
        "parts",
        "path",
        "problem",
        "problems",
        "ready_said",
        "reason",
        "reviewer",
        "said",
        "server",
        "settle",
        "skipped",
        "source",
        "split",
        "stops",
        "surface",
        "target",
        "text",
        "title",
        "told",
        "unknown",
        "unknown_types",
        "unranked",
        "version",
        "what",
        "who",
        "_what",
    ]
)
"""Attributes, and bare names of these, that hold what others wrote."""


OURS = ("many(", "len(", "shelf.schema.", "session.schema.")
"""How begins what is a number, or a type's name, which is letters, digits and underscores."""


def is_drawing(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.IfExp):  # (st.error if … else st.warning)(…)
        called = called.body
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in MARKDOWN and not ast.unparse(called).startswith(("desk.", "store."))


def drawn(call: ast.Call) -> Iterator[ast.expr]:
    """Yield the arguments that are Markdown."""
    yield from call.args[: 3 if ast.unparse(call.func).endswith(("progress", "_step")) else 1]
    for one in call.keywords:
        if one.arg in ("label", "help", "body", "text"):
            yield one.value
        if one.arg == "format_func" and ast.unparse(call.func).endswith(
            ("pills", "control", "radio")
        ):
            yield one.value.body if isinstance(one.value, ast.Lambda) else one.value


Values = Mapping[str, list[ast.expr]]


def values_in(function: ast.AST) -> Values:
    """Return what each name of a function is given, added to or appended."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AugAssign):
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.comprehension):
            pairs = [(node.target, node.iter)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".append"):
            pairs = [(node.func.value, node.args[0])]
        for target, value in pairs:
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs += zip(target.elts, value.elts, strict=False)
            elif isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
    return found


def bare(
    node: ast.expr, values: Values, *, seen: frozenset[str] = frozenset()
) -> Iterator[ast.expr]:
    """Yield the parts of an expression that stand in the result as they are."""
    parts: list[ast.expr] | None = None
    if isinstance(node, ast.Call) and ast.unparse(node.func) in (*ESCAPES, *FIGURES):
        parts = []
    elif isinstance(node, ast.JoinedStr):
        given = [one for one in node.values if isinstance(one, ast.FormattedValue)]
        parts = [one.value for one in given if not is_number(one)]
    elif isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    elif isinstance(node, ast.BoolOp):
        parts = node.values
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.List):
        parts = node.elts
    elif isinstance(node, ast.GeneratorExp | ast.ListComp):
        parts = [node.elt]
    elif isinstance(node, ast.Subscript):
        parts = [node.value]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "join":
            parts = node.args
        elif node.func.attr in ("replace", "lower", "upper", "capitalize", "removeprefix"):
            parts = [node.func.value]
    elif isinstance(node, ast.Name) and values.get(node.id) and node.id not in seen:
        seen |= {node.id}
        parts = values[node.id]
    elif isinstance(node, ast.Constant):
        parts = []
    if parts is None:
        yield node
        return
    for one in parts:
        yield from bare(one, values, seen=seen)


def is_number(one: ast.FormattedValue) -> bool:
    return one.format_spec is not None and any(c in ast.unparse(one.format_spec) for c in ",%fd")


def is_of_others(node: ast.expr) -> bool:
    return any(
        getattr(one, "attr", getattr(one, "id", "")) in OTHERS
        for one in ast.walk(node)
        if isinstance(one, ast.Attribute | ast.Name)
    ) and not ast.unparse(node).startswith(OURS)


def unescaped(tree: ast.Module) -> Counter[str]:
    """Count what of others a module draws as it is, by what is written there."""
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    found: Counter[str] = Counter()
    for function in functions:
        values = values_in(function)
        found += Counter(
            ast.unparse(part)
            for argument in markdown_in(function)
            for part in bare(argument, values)
            if is_of_others(part)
        )
        found += Counter(
            ast.unparse(part)
            for element in html_in(function)
            for part in bare(element, values)
            if not ast.unparse(part).split("(")[0].endswith("html")
        )
    return found


def markdown_in(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Yield what a function draws as Markdown, or returns as Markdown if it says so."""
    says_so = "as Markdown" in (ast.get_docstring(function) or "")
    for node in ast.walk(function):
        if is_drawing(node):
            yield from drawn(node)
        elif says_so and isinstance(node, ast.Return) and node.value is not None:
            yield node.value


def html_in(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Yield the HTML that a function makes, or returns if it says so."""
    says_so = "as HTML" in (ast.get_docstring(function) or "")
    for node in ast.walk(function):
        if says_so and isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "made":  # htbuilder's element
            yield from (one.value for one in node.keywords)
        if isinstance(node, ast.JoinedStr) and any(
            isinstance(one, ast.Constant) and "<" in str(one.value) for one in node.values
        ):
            yield node


def without_each(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Yield the module without each of its escapes of Markdown, and what that was."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ESCAPES
    ]
    for call in calls:
        shown, kept = ast.unparse(call), (call.func, call.args)
        call.func, call.args = ast.Name("left_as_it_is", ast.Load()), kept[1][:1]
        yield f"{call.lineno} {shown}", tree
        call.func, call.args = kept
