"""A user's own normalizer: ordered rules of a YAML file, each a regular expression with a name.

    rules:
      - {name: lower case, use: lower}
      - {name: hesitations, pattern: '\\b(uh|um|hmm+)\\b', replace: ''}
      - {name: compounds, pattern: '\\b(web) (site)\\b', replace: '\\1\\2'}
      - {name: punctuation, use: basic}

A rule replaces every match of ``pattern`` by ``replace`` (``\\1`` is its first group, ``\\0`` all of it; nothing when
it is left out), or has another normalizer do its work (``use``). Rules are applied in their order to each whole text,
white space squeezed before the first and after the last. Patterns are those of RE2
(https://github.com/google/re2/wiki/Syntax), whose time grows with the length of the text alone, so no pattern can hang;
a rule that blows texts up beyond ``MOST_MEMORY`` is an error instead.

The version is a hash of the file's content. It is read once, when Earmark starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from evaluator.normalizers.plain import Normalizer, Step, each, squeeze
from explorer.errors import ConfigError

MOST_BYTES = 1 << 20
MOST_RULES = 1_000
MOST_MEMORY = 64 << 20
"""Bytes of texts that are normalised at once; those that have more before a rule may at most double by it."""

KEYS = ("name", "pattern", "replace", "use")
LOWER = "lower"
MAKER = "evaluator.normalizers.registry:normalizing"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the file: ``pattern`` with ``replace``, or ``use``; ``line`` counts from 1."""

    name: str
    line: int
    pattern: str = ""
    replace: str = ""
    use: str = ""


def read_rules(name: str, path: Path, others: Mapping[str, Normalizer]) -> Normalizer:
    """The normalizer of a file under a name; ``others`` are those that rules may ``use``.

    Raises:
        ConfigError: the file cannot be read, or what is wrong in it, with its line.
    """
    try:
        content = path.read_bytes()
        if len(content) > MOST_BYTES:
            raise ConfigError(f"{path}: the rules have {len(content):,} bytes, at most {MOST_BYTES:,} are read")
        text = content.decode("utf-8-sig")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f'the rules of the normalizer "{name}" cannot be read: {path}: {reason}') from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 (byte {error.start:,})") from error
    return of_rules(name, text, others, where=str(path))


def of_rules(name: str, text: str, others: Mapping[str, Normalizer], *, where: str) -> Normalizer:
    """The normalizer of a YAML text; ``where`` is what faults are told with.

    Raises:
        ConfigError: what is wrong in the text, with its line.
    """
    rules = _rules(text, where, others)
    steps = tuple(_step(rule, name, others) for rule in rules)

    def lines(texts: str) -> str:
        return "\n".join(_all(texts.split("\n")))

    def apply(one: str) -> str:
        return _all([one])[0].replace("\n", " ")

    def _all(texts: Sequence[str]) -> list[str]:
        made: Sequence[str] = [squeeze(one) for one in texts]
        for step in steps:
            made = step.texts(made)
        return [squeeze(one) for one in made]

    listed = "; ".join(rule.name for rule in rules)
    return Normalizer(
        name=name,
        version=blake2b(text.encode(), digest_size=4).hexdigest(),
        title=name,
        help=f"Your own rules, in this order: {listed}.",
        apply=apply,
        lines=lines,
        maker=MAKER,
        steps=steps,
        by_word=False,
        idempotent=False,
        rules=text,
    )


def _step(rule: Rule, name: str, others: Mapping[str, Normalizer]) -> Step:
    if rule.use == LOWER:
        return Step(name=rule.name, help="Letters are put in lower case.", texts=each(str.lower))
    if rule.use:
        used = others[rule.use]
        return Step(name=rule.name, help=f"As {used.printed}: {used.help}", texts=each(used.apply))

    def replaced(texts: Sequence[str]) -> list[str]:
        given = pa.array(texts, pa.string())
        try:
            made = pc.replace_substring_regex(given, pattern=rule.pattern, replacement=rule.replace)
        except pa.ArrowException as error:  # more than an array can hold
            raise ConfigError(_grown(name, rule)) from error
        if made.nbytes > max(MOST_MEMORY, 2 * given.nbytes):
            raise ConfigError(_grown(name, rule))
        return list(made.to_pylist())

    told = f"replaced by {rule.replace}" if rule.replace else "taken out"
    return Step(name=rule.name, help=f"What matches {rule.pattern} is {told}.", texts=replaced)


def _grown(name: str, rule: Rule) -> str:
    where = f'the rule "{rule.name}" (line {rule.line}) of the normalizer "{name}"'
    return f"{where} makes texts too long ({MOST_MEMORY >> 20} MB and more)"


def _rules(text: str, where: str, others: Mapping[str, Normalizer]) -> list[Rule]:
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{where}:{line}: is not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{where}: is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise ConfigError(f"{where}: is nested too deeply") from error
    entries = dict(_pairs(top, where, "a file of rules", ("rules",)))
    if "rules" not in entries:
        raise ConfigError(f'{where}:1: has no "rules"; write rules: [{{name: ..., pattern: ..., replace: ...}}]')
    listed = entries["rules"]
    if not isinstance(listed, yaml.SequenceNode) or not listed.value:
        raise ConfigError(f'{where}:{_line(listed)}: "rules" must be a list of at least one rule')
    if len(listed.value) > MOST_RULES:
        raise ConfigError(
            f"{where}:{_line(listed)}: has {len(listed.value):,} rules, at most {MOST_RULES:,} are applied"
        )
    found: dict[str, Rule] = {}
    for node in listed.value:
        rule = _rule(node, where, others)
        if rule.name in found:
            raise ConfigError(
                f'{where}:{rule.line}: there is a rule "{rule.name}" in line {found[rule.name].line} already'
            )
        found[rule.name] = rule
    return list(found.values())


def _rule(node: yaml.Node, where: str, others: Mapping[str, Normalizer]) -> Rule:
    values = {key: _text(value, key, where) for key, value in _pairs(node, where, "a rule", KEYS)}
    line = _line(node)
    rule = Rule(line=line, **{"name": "", **values})
    if not rule.name.strip() or set(rule.name) & set(";\n"):
        raise ConfigError(f'{where}:{line}: a rule needs a "name" (one line, without semicolons)')
    if bool(rule.pattern) == bool(rule.use) or (rule.use and "replace" in values):
        raise ConfigError(
            f'{where}:{line}: the rule "{rule.name}" needs a "pattern" (with "replace"), or "use" and neither of them'
        )
    known = (LOWER, *others)
    if rule.use and rule.use not in known:
        raise ConfigError(f'{where}:{line}: there is no normalizer "{rule.use}" to use; known are: {", ".join(known)}')
    if rule.pattern:
        try:
            pc.replace_substring_regex(pa.array([""]), pattern=rule.pattern, replacement=rule.replace)
        except pa.ArrowInvalid as error:
            reason = str(error).splitlines()[0].removeprefix("Invalid regular expression: ")
            raise ConfigError(f'{where}:{line}: the pattern of "{rule.name}" is not understood: {reason}') from error
    return rule


def _pairs(node: yaml.Node | None, where: str, what: str, known: Sequence[str]) -> Iterator[tuple[str, yaml.Node]]:
    """The keys and values of a mapping, each key known and there once."""
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{where}:{_line(node)}: {what} must be keys and values: {', '.join(known)}")
    seen = set()
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if name not in known:
            raise ConfigError(f'{where}:{_line(key)}: {what} has no key "{name[:40]}"; known are: {", ".join(known)}')
        if name in seen:
            raise ConfigError(f'{where}:{_line(key)}: "{name}" stands twice')
        seen.add(name)
        yield name, value


def _text(node: yaml.Node, key: str, where: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise ConfigError(f'{where}:{_line(node)}: "{key}" must be a text')
    return "" if node.tag == "tag:yaml.org,2002:null" else str(node.value)


def _line(node: yaml.Node | None) -> int:
    return 1 if node is None else node.start_mark.line + 1
