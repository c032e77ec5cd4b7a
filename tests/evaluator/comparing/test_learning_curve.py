"""Learning curves: which systems stand on which curve, where, and which is the best."""

from __future__ import annotations

import csv
import io

import pytest

from evaluator.comparing.comparison import Comparison, compare
from evaluator.comparing.learning_curve import as_csv, axes_of, curves, training_of
from evaluator.comparing.learning_figure import learning_figure
from evaluator.scoring.scores import ScoreStore
from explorer.querying.query import Query
from tests.evaluator.scored import scored_corpus
from tests.explorer.manifests import row

HEARD = {
    "a-epoch0-step100": "x x x x",  # 4 of 4 wrong
    "a-epoch1-step200": "one two x x",
    "a-epoch1-step200-last": "one x x x",
    "a-epoch2-step300": "one two three x",
    "b-step1k": "one two three four",
    "b-step2k": "one two three",
    "c-step1k": "one two three four",
    "whisper": "one two three four",
}


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("curves")
    texts = {f"pred_text_{system}": text for system, text in HEARD.items()}
    rows = [row(f"{n}.wav", text="one two three four", **texts) for n in range(3)]
    return compare(ScoreStore(folder / "scores").lay(scored_corpus(folder, rows), "basic"), Query())


@pytest.mark.parametrize(
    ("system", "training"),
    [
        ("mine-epoch3-step400", "mine"),
        ("mine-epoch3-step400-last", "mine"),
        ("tiny-e4", "tiny"),
        ("conformer-20k-steps", "conformer"),
        ("parakeet-tdt-0.6b-v2", "parakeet-tdt-0.6b-v2"),
        ("step400", "step400"),
    ],
)
def test_a_checkpoint_belongs_to_a_training(system: str, training: str) -> None:
    assert training_of(system) == training


def test_axes_are_those_that_two_systems_tell() -> None:
    assert axes_of(list(HEARD)) == ["step", "epoch"]
    assert axes_of(["tiny-e1", "tiny-e4", "whisper"]) == ["epoch"]
    assert axes_of(["tiny-e1", "whisper"]) == []
    assert axes_of(["s1_decoder", "s2-rnnt", "s3_b3", "other-e4", "tiny-e1"]) == []  # numbers, but no training


def test_points_stand_at_their_steps_and_the_best_is_marked(compared: Comparison) -> None:
    drawn, others = curves(compared, "step")
    assert others == ("c-step1k", "whisper")
    assert [curve.name for curve in drawn] == ["a", "b"]
    assert [(point.at, point.standing.wer) for point in drawn[0].points] == [(100, 1.0), (200, 0.5), (300, 0.25)]
    assert drawn[0].best == drawn[0].points[-1]
    by_epoch, others = curves(compared, "epoch")
    assert [point.at for point in by_epoch[0].points] == [0, 1, 2]
    assert others == ("b-step1k", "b-step2k", "c-step1k", "whisper")


def test_the_table_behind_the_figure_has_its_numbers(compared: Comparison) -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(compared, "step"))))
    assert [(line["training"], int(line["step"]), float(line["wer"]), line["best"]) for line in lines] == [
        ("a", 100, 1.0, "false"),
        ("a", 200, 0.5, "false"),
        ("a", 300, 0.25, "true"),
        ("b", 1000, 0.0, "true"),
        ("b", 2000, 0.25, "false"),
    ]
    figure = learning_figure(curves(compared, "step")[0], "step", href=lambda point: f"/{point.at}")
    (line,) = [trace for trace in figure.data if trace.name == "a"]
    assert list(line.y) == [100.0, 50.0, 25.0]
    assert list(line.customdata) == ["/100", "/200", "/300"]
