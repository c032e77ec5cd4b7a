"""Draw a spectrogram as a PNG: one byte a cell and a palette, so that a picture of 30 s is a few hundred kilobytes.

The palette is magma, a sequence of colours whose lightness rises evenly, so that equal steps of level look equal, in
grey and to colour-blind eyes too. Source: S. van der Walt, N. Smith, https://bids.github.io/colormap/ (CC0), sampled
at ten points as in plotly.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from explorer.acoustics import Spectrogram

MAGMA = (
    (0, 0, 4),
    (24, 15, 61),
    (68, 15, 118),
    (114, 31, 129),
    (158, 47, 127),
    (205, 64, 113),
    (241, 96, 93),
    (253, 150, 104),
    (254, 202, 141),
    (252, 253, 191),
)
"""Colours from the floor to the loudest cell, sRGB 0 to 255, evenly spaced."""


def palette() -> np.ndarray:
    """The 256 colours of the picture: uint8 ``(256, 3)``, straight lines between those of ``MAGMA``."""
    anchors = np.array(MAGMA, np.float64)
    at, places = np.linspace(0, len(anchors) - 1, 256), np.arange(len(anchors))
    return np.stack([np.interp(at, places, anchors[:, c]) for c in range(3)], axis=1).round().astype(np.uint8)


def png(spectrogram: Spectrogram, *, rows: int = 320) -> bytes:
    """The spectrogram as a PNG file, low frequencies at the bottom, one column a frame.

    More than ``rows`` frequencies are joined in groups of neighbours, each shown by its loudest, so the frequency axis
    stays linear from 0 to the highest.
    """
    db = spectrogram.db
    group = -(-len(db) // rows)
    if group > 1:
        fill = -len(db) % group
        padded = np.pad(db, ((0, fill), (0, 0)), constant_values=spectrogram.floor_db)
        db = padded.reshape(-1, group, db.shape[1]).max(axis=1)
    cells = np.rint((1 - db / spectrogram.floor_db) * 255).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(cells[::-1]))
    image.putpalette(palette().tobytes())
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()
