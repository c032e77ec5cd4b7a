"""AvSound: the sound of a file that libsndfile does not know (M4A, AAC, WebM, Matroska, video...), through PyAV.

It has the part of soundfile.SoundFile's interface that reading needs, so whoever reads does not care which it is.
Frames count from the first that is played (encoder delay is taken off by the decoder). Reading after ``seek`` gives
the samples that reading from the start would: decoding begins PREROLL seconds before, and what comes too early is
thrown away (noise that AAC substitutes is drawn anew each time). A hole between the time stamps of two packets (a
pause of the recorder, a damaged packet) is silence of that length.

Where time stamps are coarser than samples (WebM, Matroska: 1 ms), a position is moved to the grid of the codec's
packets, which is exact for codecs whose packets all have one length (Opus, AAC, MP3...); for Vorbis in WebM it stays
exact to 1 ms.

The demuxer is chosen here by the first bytes, never by the library: some of those it would try open other files.
Source: https://pyav.basswood-io.com, https://ffmpeg.org/ffmpeg-formats.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

START_BYTES = 1 << 10
PREROLL = 0.5
HOLE = 0.05
LONGEST_HOLE = 60.0
TAIL = 3.0

PLANES = 8
"""Channels from which PyAV 18 reads beyond the planes of a frame (it counts one too many): those are packed first."""

DEMUXERS: tuple[tuple[int, bytes, str, str], ...] = (
    (4, b"ftyp", "mov", "MP4"),
    (4, b"moov", "mov", "MP4"),
    (4, b"mdat", "mov", "MP4"),
    (0, b"\x1a\x45\xdf\xa3", "matroska", "MATROSKA"),
    (0, b"OggS", "ogg", "OGG"),
    (0, b"\xff\xf1", "aac", "ADTS"),
    (0, b"\xff\xf9", "aac", "ADTS"),
    (0, b"ID3", "aac", "ADTS"),
    (0, b"ADIF", "aac", "ADIF"),
    (0, b"#!AMR", "amr", "AMR"),
    (0, b"\x0b\x77", "ac3", "AC3"),
    (0, b"wvpk", "wv", "WAVPACK"),
    (0, b"MAC ", "ape", "APE"),
    (0, b"TTA1", "tta", "TTA"),
    (0, b"caff", "caf", "CAF"),
    (0, b"FLV\x01", "flv", "FLV"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf", "ASF"),
    (0, b"\x00\x00\x01\xba", "mpeg", "MPEG"),
    (8, b"AVI ", "avi", "AVI"),
    (8, b"WAVE", "wav", "WAV"),
    (8, b"AIFC", "aiff", "AIFF"),
    (0, b"NIST_1A", "nistsphere", "NIST"),
)
"""What is at which byte of the file, the demuxer for it, and what the format is called here."""

ESTIMATED = {"aac", "ac3", "amr", "mpeg", "wav", "aiff", "nistsphere"}
"""Demuxers that guess the length from the bit rate: there the packets are counted."""

LINEAR = {"wav", "aiff", "nistsphere", "amr"}
"""Demuxers whose time stamps after a jump are not exact: there everything before a cut is decoded too."""

EVEN_CODECS = {"opus", "aac", "mp3", "mp3float", "ac3", "eac3"}
"""Codecs whose packets all have one length."""


class DecodeFault(RuntimeError):
    """The sound cannot be decoded; ``error_string`` says why, as in soundfile's error."""

    @property
    def error_string(self) -> str:
        """The reason."""
        return str(self)


def demuxer_of(start: bytes) -> tuple[str, str] | None:
    """The demuxer for a file with these first bytes and the name of its format; None when there is none."""
    for place, mark, demuxer, name in DEMUXERS:
        if start[place : place + len(mark)] == mark:
            return demuxer, name
    if len(start) > 376 and start[0] == start[188] == start[376] == 0x47:
        return "mpegts", "MPEGTS"
    return None


def _errors() -> tuple[type[Exception], ...]:
    """What PyAV raises about a damaged file.

    OSError where the library jumps to before its start, LookupError where a stream appears that was not announced,
    ArithmeticError where a rate or time base is 0 or beyond every number.
    """
    import av

    return (av.FFmpegError, OSError, ValueError, EOFError, LookupError, ArithmeticError)


class AvSound:
    """The first audio stream of a file; not for several threads at once."""

    def __init__(self, file: BinaryIO, demuxer: str, *, format: str) -> None:
        """Open it.

        Raises:
            DecodeFault: there is no sound in it, or it cannot be decoded.
        """
        self._errors = _errors()
        self._position, self._loose = 0, np.zeros((0, 0), np.float32)
        self._blocks: Iterator[np.ndarray] = iter(())
        self._packers: dict[str, Any] = {}
        self._file, self._demuxer, self.format = file, demuxer, format
        self._container: Any = None
        try:
            first = self._start()
        except self._errors as error:
            self.close()
            raise DecodeFault(getattr(error, "strerror", None) or str(error)) from error
        if first is None:
            self.close()
            raise DecodeFault("there is no sound in it that can be decoded")
        self.samplerate, self.channels = int(first.sample_rate), int(first.layout.nb_channels)
        self._first_samples = int(first.samples)
        self.subtype = str(self._stream.codec_context.name).upper()
        self._zero = self._stamp(first) or 0
        try:
            self.frames = max(0, self._length())
            self._restart()
        except self._errors as error:
            self.close()
            raise DecodeFault(getattr(error, "strerror", None) or str(error)) from error

    def __enter__(self) -> AvSound:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the container; the file stays open."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def seek(self, frame: int) -> int:
        """Go to a frame from the start."""
        if self._position <= frame < self._position + PREROLL * self.samplerate:
            self._skip_to(frame)
            return frame
        try:
            early = frame - round(PREROLL * self.samplerate)
            if early <= 0 or self._demuxer in LINEAR or not self._jump(early, frame):
                self._restart()
                self._skip_to(frame)
        except self._errors as error:
            raise DecodeFault(str(error)) from error
        return frame

    def read(self, frames: int, dtype: str = "float32", always_2d: bool = True) -> np.ndarray:
        """The next frames, float32 ``(n, channels)``; fewer at the end."""
        parts: list[np.ndarray] = []
        wanted = min(frames, max(0, self.frames - self._position))
        while wanted:
            if not len(self._loose):
                try:
                    found = next(self._blocks, None)
                except self._errors as error:
                    raise DecodeFault(str(error)) from error
                if found is None:
                    break
                self._loose = found
            part, self._loose = self._loose[:wanted], self._loose[wanted:]
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return np.concatenate(parts) if parts else np.zeros((0, self.channels), np.float32)

    def _start(self) -> Any:
        """Open the container at its start; the first frame, None when there is no sound."""
        import av

        self.close()
        self._file.seek(0)
        self._container = av.open(self._file, format=self._demuxer, metadata_errors="replace")
        if not self._container.streams.audio:
            return None
        self._stream = self._container.streams.audio[0]
        return next(self._decoded(), None)

    def _restart(self) -> None:
        """Read on from frame 0."""
        first = self._start()
        self._position, self._loose = 0, np.zeros((0, self.channels), np.float32)
        self._blocks = self._continued(first, 0)

    def _jump(self, early: int, frame: int) -> bool:
        """Read on from ``frame``, decoding from ``early``; False when the file has no place to begin there."""
        seconds = (early + self._zero) / self.samplerate
        self._container.seek(int(seconds / self._stream.time_base), stream=self._stream, backward=True)
        for found in self._decoded():
            place = self._place(found)
            if place is None or place > frame:
                return False
            if place + found.samples > early:
                self._position, self._loose = place, np.zeros((0, self.channels), np.float32)
                self._blocks = self._continued(found, place)
                self._skip_to(frame)
                return True
        return False

    def _skip_to(self, frame: int) -> None:
        while self._position < frame and len(self.read(min(1 << 16, frame - self._position))):
            pass

    def _decoded(self) -> Iterator[Any]:
        """Frames from here on; a packet that cannot be decoded is left out."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except self._errors:  # cut short
                return
            try:
                yield from packet.decode()
            except self._errors:
                continue

    def _continued(self, found: Any, place: int) -> Iterator[np.ndarray]:
        """Blocks from the frame ``found`` on, which lies at ``place``, with silence where there are holes."""
        expected = place
        decoded = self._decoded()
        while found is not None:
            if int(found.sample_rate) != self.samplerate:
                return
            hole = (self._place(found) or expected) - expected
            if HOLE * self.samplerate < hole <= LONGEST_HOLE * self.samplerate:
                yield np.zeros((hole, self.channels), np.float32)
                expected += hole
            block = self._floats(found)
            yield block
            expected += len(block)
            found = next(decoded, None)

    def _stamp(self, frame: Any) -> int | None:
        """The time stamp of a frame in samples."""
        if frame.pts is None or frame.time_base is None:
            return None
        return round(frame.pts * frame.time_base * self.samplerate)

    def _place(self, frame: Any) -> int | None:
        """Where a frame lies, counted from the first."""
        stamp = self._stamp(frame)
        if stamp is None:
            return None
        place = stamp - self._zero
        coarse = self._stream.time_base * self.samplerate > 1
        if coarse and frame.samples and self._stream.codec_context.name in EVEN_CODECS:
            grid = round((place - self._first_samples) / frame.samples) * frame.samples + self._first_samples
            if abs(grid - place) <= 0.002 * self.samplerate:
                return grid
        return place

    def _length(self) -> int:
        """Frames, as the container says or its last packets do."""
        stream, rate = self._stream, self.samplerate
        if stream.duration and self._demuxer not in ESTIMATED:
            if self._demuxer == "mov":
                return round(stream.duration * stream.time_base * rate)
            end = (stream.duration + (stream.start_time or 0)) * float(stream.time_base)
        elif self._container.duration and self._demuxer not in ESTIMATED:
            end = self._container.duration / 1e6
        else:
            self._start()
            return self._last()
        self._container.seek(int(max(0.0, end - TAIL) / stream.time_base), stream=stream, backward=True)
        found = self._last()
        if not found:
            self._start()
            found = self._last()
        return found

    def _last(self) -> int:
        """The end of the last packet from here on, in frames."""
        end = 0.0
        packets = self._container.demux(self._stream)
        try:
            for packet in packets:
                if packet.pts is not None:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * self._stream.time_base))
        except self._errors:  # cut short: what there is
            pass
        return max(0, round(end * self.samplerate) - self._zero)

    def _packed(self, frame: Any) -> Any:
        """A frame with the samples of its channels side by side in one plane."""
        import av

        if frame.format.packed.name not in self._packers:
            self._packers[frame.format.packed.name] = av.AudioResampler(
                format=frame.format.packed, layout=frame.layout, rate=self.samplerate
            )
        (packed,) = self._packers[frame.format.packed.name].resample(frame)
        return packed

    def _floats(self, frame: Any) -> np.ndarray:
        """The samples of a frame as float32 ``(n, channels)``, full scale 1.0."""
        count = int(frame.layout.nb_channels)
        if frame.format.is_planar and count >= PLANES:
            frame = self._packed(frame)
        values = frame.to_ndarray()
        values = values.T if frame.format.is_planar else values.reshape(-1, count)
        if values.dtype == np.uint8:
            values = (values.astype(np.float32) - 128) / 128
        elif values.dtype.kind == "i":
            values = values.astype(np.float32) / float(-np.iinfo(values.dtype).min)
        values = values.astype(np.float32, copy=False)
        if count < self.channels:
            return np.pad(values, ((0, 0), (0, self.channels - count)))
        return np.ascontiguousarray(values[:, : self.channels])
