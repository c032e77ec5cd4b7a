"""Sounds as text, as parts of files, and their versions."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import MissingAudio, UnreadableAudio
from explorer.places.sounds import Sound, locator_of, place_at, sound_at
from explorer.sound import audio
from tests.explorer.sounds import voice

NAMES = st.text(st.characters(blacklist_characters="\0"), min_size=1, max_size=20)


@pytest.fixture
def member(tmp_path: Path) -> Sound:
    """A FLAC file in a tar, between two others."""
    soundfile.write(tmp_path / "a.flac", voice(3.0), 16_000)
    with tarfile.open(tmp_path / "t.tar", "w") as tar:
        for name in ("before.flac", "a.flac", "after.flac"):
            tar.add(tmp_path / "a.flac", name)
    with tarfile.open(tmp_path / "t.tar") as tar:
        found = tar.getmember("a.flac")
    return Sound(str(tmp_path / "t.tar"), found.offset_data, found.size, found.name)


@given(NAMES, NAMES, st.integers(0, 2**50), st.integers(0, 2**50))
def test_a_locator_is_read_back(folder: str, name: str, start: int, size: int) -> None:
    for sound in (Sound(f"/{folder}"), Sound(f"/{folder}.tar", start, size, name), Sound(f"s3://bucket/{folder}")):
        assert Sound.parse(sound.locator) == sound
        assert sound_at(sound.locator) == sound


def test_plain_paths_stay_plain_paths() -> None:
    for text in ("/data/a.wav", "/data/part:1+2/x@y.wav", "/data/ü @.wav"):
        assert Sound.parse(text).path == Path(text)
        assert place_at(text) == Path(text)
        assert locator_of(Path(text)) == text
    assert place_at(Path("s3://bucket/a.wav")) == Sound("s3://bucket/a.wav")


def test_a_part_reads_like_the_file_it_is(tmp_path: Path, member: Sound) -> None:
    whole = tmp_path / "a.flac"
    with member.open() as file:
        assert file.read() == whole.read_bytes()
        assert file.seek(-10, os.SEEK_END) == len(whole.read_bytes()) - 10
        assert file.read(100) == whole.read_bytes()[-10:]
    for place in (member, member.locator):
        facts = audio.info(place)
        assert (facts.frames, facts.format, facts.subtype) == (48_000, "FLAC", "PCM_16")
        cut = audio.load(place, offset=1.25, duration=0.5)
        np.testing.assert_array_equal(cut.samples, audio.load(whole, offset=1.25, duration=0.5).samples)
        heard, expected = io.BytesIO(), io.BytesIO()
        audio.write_cut(place, heard, offset=0.1, duration=1)
        audio.write_cut(whole, expected, offset=0.1, duration=1)
        assert heard.getvalue() == expected.getvalue()


def test_messages_name_the_tar_and_the_member(member: Sound) -> None:
    with pytest.raises(UnreadableAudio, match=r"t\.tar: a\.flac lasts 3\.000 s"):
        audio.load(member, offset=7)


def test_a_tar_that_ends_early_says_so(member: Sound) -> None:
    os.truncate(member.source, member.start + 100)
    with pytest.raises(UnreadableAudio, match=r"t\.tar has .* bytes and ends before its member a\.flac does"):
        audio.load(member)
    Path(member.source).unlink()
    with pytest.raises(MissingAudio, match=r"t\.tar does not exist"):
        audio.load(member)


def test_the_version_changes_with_the_file(tmp_path: Path, member: Sound) -> None:
    before = member.version
    assert member.version == before
    os.utime(member.source, ns=(1, 1))
    assert member.version != before
    with pytest.raises(MissingAudio):
        Sound(str(tmp_path / "none.wav")).version  # noqa: B018
