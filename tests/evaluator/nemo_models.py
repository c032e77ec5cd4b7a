"""Tiny NeMo models with random weights, built from configuration in a second: real archives of every family."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

LETTERS = [" ", *string.ascii_lowercase, "'"]

_PREPROCESSOR = {
    "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
    "normalize": "per_feature",
    "window_size": 0.025,
    "sample_rate": 16000,
    "window_stride": 0.01,
    "window": "hann",
    "features": 64,
    "n_fft": 512,
    "dither": 0.0,
}


def _block(filters: int, kernel: int, stride: int, *, residual: bool) -> dict[str, Any]:
    return {
        "filters": filters,
        "repeat": 1,
        "kernel": [kernel],
        "stride": [stride],
        "dilation": [1],
        "dropout": 0.0,
        "residual": residual,
        "separable": True,
    }


_CONVOLUTIONS = {
    "_target_": "nemo.collections.asr.modules.ConvASREncoder",
    "feat_in": 64,
    "activation": "relu",
    "conv_mask": True,
    "jasper": [_block(48, 11, 2, residual=False), _block(64, 13, 1, residual=True), _block(64, 1, 1, residual=False)],
}
_CONFORMER = {
    "_target_": "nemo.collections.asr.modules.ConformerEncoder",
    "feat_in": 64,
    "feat_out": -1,
    "n_layers": 1,
    "d_model": 32,
    "subsampling": "dw_striding",
    "subsampling_factor": 8,
    "subsampling_conv_channels": 16,
    "causal_downsampling": False,
    "ff_expansion_factor": 2,
    "self_attention_model": "rel_pos",
    "n_heads": 2,
    "conv_kernel_size": 9,
    "conv_norm_type": "batch_norm",
    "dropout": 0.0,
    "dropout_pre_encoder": 0.0,
    "dropout_emb": 0.0,
    "dropout_att": 0.0,
}


def ctc_characters(path: Path) -> Path:
    """A QuartzNet-like CTC model of characters."""
    from nemo.collections.asr.models import EncDecCTCModel
    from omegaconf import OmegaConf

    config = {
        "sample_rate": 16000,
        "labels": LETTERS,
        "preprocessor": _PREPROCESSOR,
        "encoder": _CONVOLUTIONS,
        "decoder": {
            "_target_": "nemo.collections.asr.modules.ConvASRDecoder",
            "feat_in": 64,
            "num_classes": len(LETTERS),
            "vocabulary": LETTERS,
        },
    }
    return _saved(EncDecCTCModel, OmegaConf.create(config), path)


def ctc_pieces(path: Path, tokenizer: Path) -> Path:
    """A Conformer CTC model of word pieces."""
    from nemo.collections.asr.models import EncDecCTCModelBPE
    from omegaconf import OmegaConf

    config = {
        "sample_rate": 16000,
        "tokenizer": {"dir": str(tokenizer), "type": "bpe"},
        "preprocessor": _PREPROCESSOR,
        "encoder": _CONFORMER,
        "decoder": {
            "_target_": "nemo.collections.asr.modules.ConvASRDecoder",
            "feat_in": 32,
            "num_classes": -1,
            "vocabulary": [],
        },
    }
    return _saved(EncDecCTCModelBPE, OmegaConf.create(config), path)


def transducer(path: Path, tokenizer: Path) -> Path:
    """A Conformer RNNT model of word pieces."""
    from nemo.collections.asr.models import EncDecRNNTBPEModel
    from omegaconf import OmegaConf

    config = {
        "sample_rate": 16000,
        "model_defaults": {"enc_hidden": 32, "pred_hidden": 32, "joint_hidden": 32},
        "tokenizer": {"dir": str(tokenizer), "type": "bpe"},
        "preprocessor": _PREPROCESSOR,
        "encoder": _CONFORMER,
        "decoder": {
            "_target_": "nemo.collections.asr.modules.RNNTDecoder",
            "normalization_mode": None,
            "random_state_sampling": False,
            "blank_as_pad": True,
            "prednet": {"pred_hidden": 32, "pred_rnn_layers": 1, "t_max": None, "dropout": 0.0},
        },
        "joint": {
            "_target_": "nemo.collections.asr.modules.RNNTJoint",
            "log_softmax": None,
            "preserve_memory": False,
            "fuse_loss_wer": False,
            "fused_batch_size": 4,
            "jointnet": {"joint_hidden": 32, "activation": "relu", "dropout": 0.0},
        },
        "decoding": {"strategy": "greedy_batch", "greedy": {"max_symbols": 2}},
        "loss": {"loss_name": "default"},
    }
    return _saved(EncDecRNNTBPEModel, OmegaConf.create(config), path)


def pieces_tokenizer(folder: Path) -> Path:
    """A SentencePiece tokenizer of 40 pieces in the folder, as NeMo wants it."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "text.txt"
    text.write_text("the quick brown fox jumps over the lazy dog\npack my box with five dozen jugs\n" * 20)
    sentencepiece.SentencePieceTrainer.Train(
        input=str(text),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=40,
        model_type="bpe",
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    lines = (folder / "tokenizer.vocab").read_text(encoding="utf-8").splitlines()
    (folder / "vocab.txt").write_text("\n".join(line.split("\t")[0] for line in lines[1:]), encoding="utf-8")
    return folder


def _saved(model_class: Any, config: Any, path: Path) -> Path:
    import torch

    torch.manual_seed(20261121)
    model_class(cfg=config).save_to(str(path))
    return path
