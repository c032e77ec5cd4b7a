"""A user's own rules: applied in their order, faults told with their line, and no pattern that hangs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.normalizers.registry import NORMALIZERS, Normalizer, normalizing
from evaluator.normalizers.text_rules import MOST_BYTES, of_rules, read_rules
from explorer.errors import ConfigError

RULES = """
rules:
  - {name: lower case, use: lower}
  - {name: hesitations, pattern: '\\b(uh|um|hmm+)\\b'}
  - name: compounds
    pattern: '\\b(web) (site)\\b'
    replace: '\\1\\2'
  - {name: punctuation, use: basic}
"""


def made(text: str, name: str = "mine") -> Normalizer:
    return of_rules(name, text, NORMALIZERS, where="r.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Uh, the WEB  site is hmmm\tdown!", "the website is down"),
        ("web\nsite", "website"),
        ("", ""),
        ("um", ""),
        ("हिन्दी uh में", "हिन्दी में"),
    ],
)
def test_rules_in_their_order(text: str, expected: str) -> None:
    assert made(RULES).apply(text) == expected


def test_the_order_matters() -> None:
    first, second = "{name: a, pattern: a, replace: b}", "{name: b, pattern: b, replace: c}"
    assert made(f"rules: [{first}, {second}]").apply("a b") == "c c"
    assert made(f"rules: [{second}, {first}]").apply("a b") == "b c"


def test_what_it_is_told_by() -> None:
    chosen = made(RULES)
    assert [step.name for step in chosen.steps] == ["lower case", "hesitations", "compounds", "punctuation"]
    assert "lower case; hesitations; compounds; punctuation" in chosen.help
    assert chosen.version == made(RULES, "other").version
    assert chosen.version != made(RULES + "\n").version  # the hash is of the content, whatever it means
    assert normalizing(chosen.rules)("the web site") == "the website"


@given(texts=st.lists(st.text(st.sampled_from("aA b.uhm\n\t\u00a0é")), min_size=1, max_size=8))
@settings(max_examples=200)
def test_many_at_once_are_as_one_by_one(texts: list[str]) -> None:
    chosen = made(RULES)
    flat = [text.replace("\n", " ") for text in texts]
    assert chosen.lines("\n".join(flat)).split("\n") == [chosen.apply(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "r.yaml:1: a file of rules must be keys and values: rules"),
        ("- a", "r.yaml:1: a file of rules must be keys and values: rules"),
        ("{}", 'r.yaml:1: has no "rules"'),
        ("rules: 1", 'r.yaml:1: "rules" must be a list'),
        ("rules: []", 'r.yaml:1: "rules" must be a list of at least one rule'),
        ("\nrulez: []", 'r.yaml:2: a file of rules has no key "rulez"'),
        ("rules: [\n", "r.yaml:2: is not YAML"),
        ("rules:\n  - a", "r.yaml:2: a rule must be keys and values: name, pattern, replace, use"),
        ("rules:\n  - {pattern: a}", 'r.yaml:2: a rule needs a "name"'),
        ("rules:\n  - {name: 'a; b', pattern: a}", 'r.yaml:2: a rule needs a "name"'),
        ("rules:\n  - name: a\n    patern: b", 'r.yaml:3: a rule has no key "patern"; known are: name, pattern'),
        ("rules:\n  - {name: a}", 'r.yaml:2: the rule "a" needs a "pattern"'),
        ("rules:\n  - {name: a, pattern: b, use: basic}", 'r.yaml:2: the rule "a" needs a "pattern"'),
        ("rules:\n  - {name: a, use: basik}", 'r.yaml:2: there is no normalizer "basik" to use; known are: lower'),
        ("rules:\n  - {name: a, pattern: '('}", "r.yaml:2: the pattern of \"a\" is not understood: missing )"),
        ("rules:\n  - {name: a, pattern: '(?=b)'}", "invalid perl operator"),
        ("rules:\n  - {name: a, pattern: '(b)\\1'}", "invalid escape sequence"),
        ("rules:\n  - {name: a, pattern: b, replace: '\\1'}", "the regexp only has 0 parenthesized"),
        ("rules:\n  - {name: a, pattern: b, replace: [c]}", 'r.yaml:2: "replace" must be a text'),
        ("rules:\n  - {name: a, pattern: b}\n  - {name: a, pattern: c}", 'r.yaml:3: there is a rule "a" in line 2'),
        ("rules:\n  - {name: a, name: b, pattern: c}", 'r.yaml:2: "name" stands twice'),
        ("rules: !!python/object/apply:os.system ['true']", 'r.yaml:1: a rule must be keys and values'),
        ("&a [*a]", "r.yaml:1: "),
        ("[" * 5_000, "r.yaml"),
        ("rules:\n  - {name: a, pattern: '(b{1000}){1000}'}", "invalid repetition size"),
        ("a: \x00", "r.yaml: is not YAML"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_line(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as told:
        made(text)
    assert sentence in str(told.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    with pytest.raises(ConfigError, match="no such file"):
        read_rules("mine", path, NORMALIZERS)
    path.write_bytes(b"rules: \xff")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        read_rules("mine", path, NORMALIZERS)
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match="at most"):
        read_rules("mine", path, NORMALIZERS)


def test_no_pattern_hangs() -> None:
    chosen = made("rules: [{name: one, pattern: '(a|a|aa)*(a*)*b'}, {name: two, pattern: '(.*)(.*)(.*)c'}]")
    start = time.process_time()
    assert len(chosen.apply("a" * 50_000)) == 50_000
    assert time.process_time() - start < 5  # a backtracking engine would need longer than the sun has


def test_texts_cannot_explode() -> None:
    doubling = ", ".join(f"{{name: r{i}, pattern: '.+', replace: '\\0 \\0 \\0'}}" for i in range(40))
    with pytest.raises(ConfigError, match=r'the rule "r\d+" \(line 1\) of the normalizer "mine" makes texts too long'):
        made(f"rules: [{doubling}]").apply("some words")
