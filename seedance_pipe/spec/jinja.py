"""Jinja's own lexer and parser, with true places: the `lineno` of every node is a character offset.

Jinja knows only lines. Tokens that carry their offset in the field for the line make the parser hand it on,
to every node and every complaint. Sizes are bounded before the parser, which is recursive, sees them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser

from seedance_pipe.spec import character
from seedance_pipe.spec.diagnostic import TemplateProblem, nearest

MOST_TOKENS = 5_000
"""Tokens of a template; each takes the parser a fixed time."""

DEEPEST = 20
"""Brackets inside each other, and tags inside each other."""

_LONGEST_NUMBER = 24

# Nothing is compiled or rendered by it; it tells lexer and parser the syntax.
_ENVIRONMENT = Environment(autoescape=True, keep_trailing_newline=True)

_CLOSES = {"endif": "if", "endfor": "for"}
_WITHIN = {"elif": ("if",), "else": ("if", "for")}
_TAGS = ("if", "elif", "else", "endif", "for", "endfor", "set")
_ENDS = {"variable_begin": "}}", "block_begin": "%}"}
_OPENING, _CLOSING = ("lparen", "lbracket", "lbrace"), ("rparen", "rbracket", "rbrace")
_DESCRIPTIONS = {"end of print statement": "}}", "end of statement block": "%}"}


def parse(text: str) -> tuple[nodes.Template, int]:
    """The tree of a template of at most 64 KiB, and the number of its tokens. Raises TemplateProblem."""
    if "\r" in text:
        raise TemplateProblem("a carriage return is not allowed in a template", text.index("\r"))
    tokens = _tokens(text)
    _check_brackets(tokens)
    _check_tags(tokens)
    parser = Parser(_ENVIRONMENT, "")
    parser.stream = TokenStream(iter(tokens), None, None)
    try:
        return parser.parse(), len(tokens)
    except TemplateSyntaxError as slip:
        raise TemplateProblem(_in_our_words(slip.message or ""), slip.lineno) from None
    except RecursionError:
        raise TemplateProblem("this template is nested too deeply", 0) from None


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    try:
        for token in _ENVIRONMENT.lexer.wrap(_pieces(text)):
            if token.type == "string" and (bad := character.FORBIDDEN.search(token.value)):
                raise TemplateProblem(character.refusal(bad.group()), token.lineno)
            found.append(token)
            if len(found) > MOST_TOKENS:
                message = f"a template has at most {MOST_TOKENS} words and signs within its braces"
                raise TemplateProblem(message, token.lineno)
    except TemplateSyntaxError as slip:
        raise TemplateProblem("this text in quotes has an escape that does not exist", slip.lineno) from None
    return found


def _pieces(text: str) -> Iterator[tuple[int, str, str]]:
    """What the lexer finds, white space and comments included, each with its offset."""
    start = behind = 0
    pieces = _ENVIRONMENT.lexer.tokeniter(text, None)
    while True:
        try:
            _, kind, value = next(pieces)
        except StopIteration:
            return
        except TemplateSyntaxError as slip:
            raise _unreadable(text, start, behind, slip.message or "") from None
        # `{%-` swallows the white space before it: what comes next is not always right behind.
        start = text.index(value, behind)
        behind = start + len(value)
        if kind in ("integer", "float") and len(value) > _LONGEST_NUMBER:
            raise TemplateProblem("this number is too long", start, len(value))
        yield start, kind, value


def _unreadable(text: str, start: int, behind: int, message: str) -> TemplateProblem:
    if "end of comment" in message:
        return TemplateProblem("this comment is never closed; write '#}' at its end", start, 2)
    if "raw directive" in message:
        return TemplateProblem("'{% raw %}' is never closed; write '{% endraw %}'", start, 2)
    sign = text[behind]
    if sign in "'\"":
        return TemplateProblem("this quote is never closed", behind)
    if sign in "})]":
        return TemplateProblem(f"'{sign}' closes nothing here; a hole ends with '}}}}', a tag with '%}}'", behind)
    return TemplateProblem(f"'{sign}' means nothing here; text within braces stands in quotes", behind)


def _check_brackets(tokens: list[Token]) -> None:
    """Every `{{` and `{%` ends, and brackets do not stand too deeply inside each other."""
    begun: Token | None = None
    depth = 0
    for token in tokens:
        if token.type in _ENDS:
            begun, depth = token, 0
        elif token.type in ("variable_end", "block_end"):
            begun = None
        elif token.type in _OPENING:
            depth += 1
        elif token.type in _CLOSING:
            depth -= 1
        if depth > DEEPEST:
            raise TemplateProblem(f"more than {DEEPEST} brackets stand inside each other here", token.lineno)
    if begun:
        end = _ENDS[begun.type]
        raise TemplateProblem(f"this is never closed; write '{end}' at its end", begun.lineno, 2)


def _check_tags(tokens: list[Token]) -> None:
    """Only tags that are offered, each closed by its own end."""
    open_tags: list[Token] = []
    for before, token in pairwise(tokens):
        if before.type == "block_begin" and token.type == "name":
            _check_tag(token, open_tags)
    if open_tags:
        tag = open_tags[-1]
        message = f"this '{tag.value}' is never closed; write '{{% end{tag.value} %}}'"
        raise TemplateProblem(message, tag.lineno, len(tag.value))


def _check_tag(token: Token, open_tags: list[Token]) -> None:
    name: str = token.value
    innermost = open_tags[-1].value if open_tags else None
    if name not in _TAGS:
        close = nearest(name, _TAGS)
        offer = f"did you mean '{close}'?" if close else "there are if, for and set"
        raise TemplateProblem(f"there is no tag '{name}' in a story's templates; {offer}", token.lineno, len(name))
    if name in ("if", "for"):
        open_tags.append(token)
    elif name in _WITHIN and innermost not in _WITHIN[name]:
        raise TemplateProblem(f"this '{name}' belongs to no tag", token.lineno, len(name))
    elif name in _CLOSES:
        if innermost != _CLOSES[name]:
            raise TemplateProblem(f"this '{name}' closes no '{_CLOSES[name]}'", token.lineno, len(name))
        open_tags.pop()
    if len(open_tags) > DEEPEST:
        raise TemplateProblem(f"more than {DEEPEST} tags stand inside each other here", token.lineno, len(name))


def _in_our_words(message: str) -> str:
    for theirs, ours in _DESCRIPTIONS.items():
        message = message.replace(theirs, ours)
    if found := re.fullmatch(r"expected token '(.+)', got '(.+)'", message, re.DOTALL):
        return f"'{found[2]}' cannot stand here, where '{found[1]}' is expected; put text in quotes"
    if found := re.fullmatch(r"unexpected '(.+)'", message, re.DOTALL):
        return f"'{found[1]}' cannot stand here"
    if message.startswith("Expected an expression"):
        return "something is missing before this"
    if message.startswith("can't assign"):
        return "only a name can be set here"
    return f"this is not a template: {message}"


_LEFTMOST: dict[type[nodes.Node], str] = {
    nodes.Compare: "expr",
    nodes.CondExpr: "expr1",
    **dict.fromkeys(
        (nodes.And, nodes.Or, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod), "left"
    ),
    **dict.fromkeys((nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem, nodes.Call), "node"),
}


def start_of(node: nodes.Node) -> int:
    """The offset of an expression's first token; Jinja gives some nodes the place of a later one."""
    while True:
        if isinstance(node, nodes.Tuple) and node.items:
            node = node.items[0]
        elif type(node) in _LEFTMOST:
            node = getattr(node, _LEFTMOST[type(node)])
        else:
            return node.lineno
