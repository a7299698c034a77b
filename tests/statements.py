"""Whether a statement is made of our own words alone, read from the code without running it.

A text is ours when it is a literal, a constant of a module, what a function of ours returns that is
made of such, or any of these put together. A parameter is ours when every call in the package
hands over a text that is.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

TAKES_SQL = {"execute_sql", "execute", "executemany", "executescript", "raw", "SQL"}
KEEPS_OURS = {"format", "join", "items", "values", "keys", "strip"}  # of a text or table of ours
Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.Module | Function
Sought = frozenset[object]


class Module:
    """One file: its constants, functions and calls."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.name, self.tree = path, path.stem, ast.parse(text)
        found = list(nodes(self.tree, self.tree))
        self.scopes = {scope for _, scope in found} | {self.tree}
        self.functions = {node.name: node for node, _ in found if isinstance(node, Function)}
        self.calls = [(node, scope) for node, scope in found if isinstance(node, ast.Call)]
        self.constants = dict(assigned(self.tree.body))


class Package:
    """The code of a package; every question is asked of all its calls."""

    def __init__(self, *modules: Module) -> None:
        self.modules = modules
        self.home = {scope: module for module in modules for scope in module.scopes}

    def foreign(self) -> list[str]:
        """Name the places where a statement holds what is not ours."""
        return [
            f"{module.path.name}:{call.lineno}"
            for module in self.modules
            for call, scope in module.calls
            if called(call)[1] in TAKES_SQL and call.args
            if not self.ours(call.args[0], scope, frozenset())
        ]

    def ours(self, text: ast.AST | None, scope: Scope, sought: Sought) -> bool:
        """Say whether a text is made of our words. sought: what is being asked for already."""
        match text:
            case ast.Constant():
                return True
            case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts) | ast.Dict(values=parts):
                pass
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                pass
            case (
                ast.FormattedValue(value=part) | ast.Starred(value=part) | ast.DictComp(value=part)
            ):
                parts = [part]
            case ast.GeneratorExp(elt=part) | ast.ListComp(elt=part):
                parts = [part]
            # What is looked up in a table of ours is ours, whatever it was looked up by.
            case ast.Subscript(value=part):
                parts = [part]
            case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
                parts = [one, other]
            case ast.Name(id=name):
                return self.named(name, scope, sought)
            case ast.Attribute(value=ast.Name(id=place), attr=name):
                return self.constant(place, name, sought)
            case ast.Call():
                return self.returned(text, scope, sought)
            case _:
                return False
        return all(self.ours(part, scope, sought) for part in parts)

    def named(self, name: str, scope: Scope, sought: Sought) -> bool:
        """Say whether all that a name may hold, seen from a scope, is ours."""
        if (scope, name) in sought:
            return True
        within = sought | {(scope, name)}
        values = [(value, scope) for known, value in assigned(ast.walk(scope)) if known == name]
        if isinstance(scope, Function):
            handed = self.handed_over(name, scope)
            if handed is not None:
                values += handed
                return bool(handed) and all(self.ours(*value, within) for value in values)
        if values:
            return all(self.ours(*value, within) for value in values)
        return self.constant(self.home[scope].name, name, sought)

    def constant(self, place: str, name: str, sought: Sought) -> bool:
        """Say whether a constant is ours: one of the module `place`, or one that it imports."""
        homes = [module for module in self.modules if name in module.constants]
        near = [module for module in homes if module.name == place] or homes
        return (
            name.isupper()
            and bool(near)
            and all(
                (module.tree, name) in sought
                or self.ours(module.constants[name], module.tree, sought | {(module.tree, name)})
                for module in near
            )
        )

    def handed_over(self, name: str, to: Function) -> list[tuple[ast.AST | None, Scope]] | None:
        """Return what calls give for a parameter, each with who calls; None if it is none."""
        every = to.args
        listed = [argument.arg for argument in every.posonlyargs + every.args]
        calls = list(self.calls_of(to))
        if every.vararg is not None and every.vararg.arg == name:
            return [(value, by) for call, by in calls for value in call.args[len(listed) :]]
        if name in listed:
            place = listed.index(name)
            default = [None] * (len(listed) - len(every.defaults)) + every.defaults
            return [(given(call, name, place, default[place]), by) for call, by in calls]
        named = [argument.arg for argument in every.kwonlyargs]
        if name not in named:
            return None
        default = every.kw_defaults[named.index(name)]
        return [(given(call, name, None, default), by) for call, by in calls]

    def calls_of(self, function: Function) -> Iterator[tuple[ast.Call, Scope]]:
        """Return the calls of one function, here by its name, elsewhere by its module's too."""
        home = self.home[function]
        for module in self.modules:
            for call, scope in module.calls:
                place, name = called(call)
                own = module is home or function.name not in module.functions
                if name == function.name and (own if not place else place == home.name):
                    yield call, scope

    def returned(self, call: ast.Call, scope: Scope, sought: Sought) -> bool:
        """Say whether what a call returns is ours: a method of a text, or a function."""
        place, name = called(call)
        if isinstance(call.func, ast.Attribute) and name in KEEPS_OURS:
            given_over = [*call.args, *(keyword.value for keyword in call.keywords)]
            return all(self.ours(part, scope, sought) for part in [call.func.value, *given_over])
        home = self.home[scope]
        near = [module for module in self.modules if name in module.functions]
        homes = [module for module in near if module.name == (place or home.name)] or near
        return bool(homes) and all(
            self.ours(node.value, module.functions[name], sought)
            for module in homes
            for node in ast.walk(module.functions[name])
            if isinstance(node, ast.Return)
        )


def package(folder: Path) -> Package:
    """Read all code below a folder."""
    return Package(*(Module(path, path.read_text()) for path in sorted(folder.rglob("*.py"))))


def nodes(tree: ast.AST, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
    """Return every node with the scope that it stands in; a function is its own."""
    for node in ast.iter_child_nodes(tree):
        inner = node if isinstance(node, Function) else scope
        yield node, inner
        yield from nodes(node, inner)


def assigned(body: Iterator[ast.AST] | list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Return names with what they are set to, or run over."""
    for node in body:
        match node:
            case ast.Assign(targets=targets, value=value):
                pass
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                targets = [target]
            case ast.AugAssign(target=target, value=value):
                targets = [target]
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                targets = [target]
            case _:
                continue
        for target in targets:
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    yield name.id, value


def given(call: ast.Call, name: str, place: int | None, default: ast.expr | None) -> ast.AST | None:
    """Return what one call gives for a parameter, or its default."""
    if place is not None and place < len(call.args):
        return call.args[place]
    return next((word.value for word in call.keywords if word.arg == name), default)


def called(call: ast.Call) -> tuple[str, str]:
    """Return the place, if one is named, and the name of what is called: `routing`, `find`."""
    match call.func:
        case ast.Name(id=name):
            return "", name
        case ast.Attribute(value=ast.Name(id=place), attr=name):
            return place, name
        case ast.Attribute(attr=name):
            return "?", name
    return "?", ""
