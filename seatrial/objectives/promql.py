"""What a PromQL expression asks for: its selectors, by the parser that knows the language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class NotPromql(Exception):
    """The text is no PromQL; the message says why."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric and what is asked of its labels: (label, operator, value), as (`le`, `=`, `0.5`)."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]

    def equal(self, label: str) -> str | None:
        """The value that the label must equal; None where any other thing is asked of it, or nothing."""
        return next((value for name, operator, value in self.matchers if (name, operator) == (label, "=")), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """All of an expression: its selectors, and the labels by which it groups or matches."""

    selectors: tuple[Selector, ...]
    labels: frozenset[str]


def read(expression: str) -> Asked:
    """Take an expression apart. Raises NotPromql."""
    import promql_parser

    try:
        tree = promql_parser.parse(expression)
    except ValueError as error:
        raise NotPromql(str(error)) from error
    selectors, labels = list[Selector](), set[str]()

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            return
        if isinstance(node, promql_parser.VectorSelector):
            selectors.append(Selector(node.name or "", tuple(_matchers(node))))
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            labels.update(node.modifier.labels)
        elif isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
            matching = node.modifier.matching
            labels.update(matching.labels if matching else ())
            labels.update(node.modifier.group_labels or ())

    promql_parser.walk(tree, visit)
    return Asked(tuple(selectors), frozenset(labels))


def _matchers(node: Any) -> Iterator[tuple[str, str, str]]:
    import promql_parser

    operator = promql_parser.MatchOp
    signs = ((operator.Equal, "="), (operator.NotEqual, "!="), (operator.Re, "=~"), (operator.NotRe, "!~"))
    for matcher in node.matchers.matchers:
        yield matcher.name, next(sign for known, sign in signs if known == matcher.op), matcher.value
