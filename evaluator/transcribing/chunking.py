"""Cutting long audio into pieces a recognizer can take, and putting what it heard together again.

Pieces are segments of the utterance's own time. ``chunks`` covers everything and cuts at pauses; ``speech_pieces``
keeps only speech. Both promise that no piece is longer than asked and that pieces are in order and do not overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from evaluator.engines import Hypothesis
from explorer.segments import Segment, gaps, merged
from explorer.sound.audio import Audio

_HOP = 0.02  # s, the step in which the quietest point is looked for
_SPAN = 0.1  # s, the stretch whose energy decides: about one phone


def chunks(
    speech: Sequence[Segment], *, duration: float, longest: float, quietest: Callable[[Segment], float]
) -> list[Segment]:
    """Cut [0, ``duration``) into pieces of at most ``longest`` seconds, at pauses where there are any.

    Audio that is short enough stays whole. Otherwise each piece ends in the middle of the longest pause between
    half of ``longest`` and ``longest``, or of an earlier one, or, when nobody stops for breath, at the point that
    ``quietest`` finds in that last half.
    """
    pauses = gaps(speech, Segment(0.0, duration))
    pieces: list[Segment] = []
    start = 0.0
    while duration - start > longest:
        end = _cut(pauses, Segment(start, start + longest), quietest)
        pieces.append(Segment(start, end))
        start = end
    pieces.append(Segment(start, duration))
    return [piece for piece in pieces if piece]


def _cut(pauses: Sequence[Segment], window: Segment, quietest: Callable[[Segment], float]) -> float:
    """Where to end a piece that begins with ``window`` and may last as long as it."""
    late = Segment(window.start + window.duration / 2, window.end)
    early = Segment(window.start, late.start)
    for half in (late, early):
        inside = [pause & half for pause in pauses if pause & half]
        if inside:
            best = max(inside, key=lambda pause: pause.duration)
            middle = (best.start + best.end) / 2
            if middle > window.start:
                return middle
    return min(max(quietest(late), late.start), late.end)


def speech_pieces(
    speech: Sequence[Segment],
    *,
    duration: float,
    longest: float,
    quietest: Callable[[Segment], float],
    join: float = 0.5,
) -> list[Segment]:
    """Only the speech: regions at most ``join`` seconds apart stay together as long as they fit into ``longest``."""
    pieces: list[Segment] = []
    for region in merged(segment & Segment(0.0, duration) for segment in speech):
        last = pieces[-1] if pieces else None
        if last is not None and region.start - last.end <= join and region.end - last.start <= longest:
            pieces[-1] = Segment(last.start, region.end)
            continue
        parts = (
            chunks(
                (),
                duration=region.duration,
                longest=longest,
                quietest=lambda window, region=region: quietest(window.shifted(region.start)) - region.start,  # type: ignore[misc]
            )
            if region.duration > longest
            else [Segment(0.0, region.duration)]
        )
        pieces.extend(part.shifted(region.start) for part in parts)
    return [Segment(piece.start, min(piece.end, duration)) for piece in pieces]


def quietest_point(audio: Audio) -> Callable[[Segment], float]:
    """A function that finds the middle of the quietest 0.1 s inside a segment of ``audio``."""

    def find(window: Segment) -> float:
        rate = audio.sample_rate
        first, last = round(window.start * rate), round(window.end * rate)
        samples = np.nan_to_num(audio.samples[first:last])
        span = max(1, round(_SPAN * rate))
        if len(samples) <= span:
            return (window.start + window.end) / 2
        energy = np.concatenate(([0.0], np.cumsum(np.square(samples, dtype=np.float64))))
        starts = np.arange(0, len(samples) - span, max(1, round(_HOP * rate)))
        quiet = starts[int(np.argmin(energy[starts + span] - energy[starts]))]
        return float(first + quiet + span / 2) / rate

    return find


def cut(audio: Audio, piece: Segment) -> Audio:
    """The samples of one piece."""
    rate = audio.sample_rate
    return Audio(audio.samples[round(piece.start * rate) : round(piece.end * rate)], rate)


def stitch(pieces: Sequence[Segment], hypotheses: Sequence[Hypothesis]) -> Hypothesis:
    """One hypothesis from those of the pieces: texts joined by spaces, word times moved back to the utterance's."""
    texts = [hypothesis.text.strip() for hypothesis in hypotheses]
    words = [
        word.shifted(piece.start)
        for piece, hypothesis in zip(pieces, hypotheses, strict=True)
        for word in hypothesis.words
    ]
    return Hypothesis(" ".join(text for text in texts if text), tuple(words))
