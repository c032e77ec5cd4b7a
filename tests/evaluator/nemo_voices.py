"""Tiny FastPitch and HiFi-GAN models with random weights, built from configuration: real archives that speak noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

RATE = 22_050
_MELS = {
    "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
    "features": 80,
    "lowfreq": 0,
    "highfreq": None,
    "n_fft": 1024,
    "n_window_size": 1024,
    "window_size": False,
    "n_window_stride": 256,
    "window_stride": False,
    "pad_to": 1,
    "pad_value": 0,
    "sample_rate": RATE,
    "window": "hann",
    "normalize": None,
    "preemph": None,
    "dither": 0.0,
    "frame_splicing": 1,
    "log": True,
    "log_zero_guard_type": "add",
    "log_zero_guard_value": 1e-05,
    "mag_power": 1.0,
}
_DATA = {"defer_setup": True, "dataset": {"_target_": "nemo.collections.tts.data.dataset.TTSDataset"}}


def _transformer(kind: str, **more: Any) -> dict[str, Any]:
    sizes = {"n_layer": 1, "n_head": 1, "d_model": 32, "d_head": 16, "d_inner": 64, "kernel_size": 3}
    rates = {"dropout": 0.0, "dropatt": 0.0, "dropemb": 0.0}
    return {"_target_": f"nemo.collections.tts.modules.transformer.{kind}", **sizes, **rates, **more}


def _predictor() -> dict[str, Any]:
    sizes = {"input_size": 32, "kernel_size": 3, "filter_size": 32, "dropout": 0.0, "n_layers": 1}
    return {"_target_": "nemo.collections.tts.modules.fastpitch.TemporalPredictor", **sizes}


def fastpitch(path: Path, *, speakers: int = 0, rate: int = RATE) -> Path:
    """A FastPitch model of English characters."""
    from nemo.collections.tts.models import FastPitchModel
    from omegaconf import OmegaConf

    config = {
        "learn_alignment": True,
        "n_speakers": speakers,
        "symbols_embedding_dim": 32,
        "pitch_embedding_kernel_size": 3,
        "n_mel_channels": 80,
        "max_token_duration": 75,
        "min_token_duration": 4,
        "sample_rate": rate,
        "text_tokenizer": {
            "_target_": "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.EnglishCharsTokenizer",
            "punct": True,
            "apostrophe": True,
            "pad_with_space": True,
        },
        "train_ds": _DATA,
        "preprocessor": {**_MELS, "sample_rate": rate},
        "input_fft": _transformer("FFTransformerEncoder", d_embed=32),
        "output_fft": _transformer("FFTransformerDecoder"),
        "alignment_module": {
            "_target_": "nemo.collections.tts.modules.aligner.AlignmentEncoder",
            "n_text_channels": 32,
            "n_mel_channels": 80,
            "n_att_channels": 16,
        },
        "duration_predictor": _predictor(),
        "pitch_predictor": _predictor(),
    }
    FastPitchModel(cfg=OmegaConf.create(config)).save_to(str(path))
    return path


def hifigan(path: Path, *, rate: int = RATE) -> Path:
    """A HiFi-GAN generator; the discriminators, 284 MB of them, are left out of the archive."""
    import torch
    from nemo.collections.tts.models import HifiGanModel
    from omegaconf import OmegaConf

    config = {
        "train_ds": _DATA,
        "preprocessor": {
            "_target_": "nemo.collections.asr.parts.preprocessing.features.FilterbankFeatures",
            "nfilt": 80,
            "n_fft": 1024,
            "n_window_size": 1024,
            "n_window_stride": 256,
            "normalize": None,
            "preemph": None,
            "dither": 0.0,
            "pad_to": 0,
            "lowfreq": 0,
            "highfreq": 8000,
            "mag_power": 1.0,
            "exact_pad": True,
            "use_grads": False,
            "sample_rate": rate,
        },
        "generator": {
            "_target_": "nemo.collections.tts.modules.hifigan_modules.Generator",
            "resblock": 2,
            "upsample_rates": [8, 8, 4],
            "upsample_kernel_sizes": [16, 16, 8],
            "upsample_initial_channel": 32,
            "resblock_kernel_sizes": [3],
            "resblock_dilation_sizes": [[1, 3]],
        },
    }
    model = HifiGanModel(cfg=OmegaConf.create(config))
    model.mpd = model.msd = torch.nn.Identity()
    model.save_to(str(path))
    return path
