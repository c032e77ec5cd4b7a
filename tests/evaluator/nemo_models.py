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
# Without this key NeMo's own transcribe() of files fails for models of word pieces.
_VALIDATION = {"manifest_filepath": None, "shuffle": False, "use_start_end_token": False}


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
        "validation_ds": _VALIDATION,
    }
    return _saved(EncDecCTCModelBPE, OmegaConf.create(config), path)


def frame_vad(path: Path) -> Path:
    """A frame-VAD of 20 ms, taught within seconds that a voice is speech and that silence, noise and tones are not."""
    import numpy as np
    import torch
    from nemo.collections.asr.models import EncDecFrameClassificationModel
    from omegaconf import OmegaConf

    from tests.explorer.sounds import voice

    convolutions = [
        _block(32, 11, 2, residual=False),
        _block(32, 13, 1, residual=True),
        _block(32, 1, 1, residual=False),
    ]
    config = {
        "sample_rate": 16000,
        "labels": ["background", "speech"],
        "num_classes": 2,
        "preprocessor": {**_PREPROCESSOR, "normalize": "None"},
        "encoder": {**_CONVOLUTIONS, "jasper": convolutions},
        "decoder": {
            "_target_": "nemo.collections.common.parts.MultiLayerPerceptron",
            "hidden_size": 32,
            "num_classes": 2,
            "num_layers": 1,
            "activation": "relu",
            "log_softmax": False,
        },
    }
    torch.manual_seed(20261121)
    model = EncDecFrameClassificationModel(cfg=OmegaConf.create(config))
    random = np.random.default_rng(0)
    quiet = random.normal(0, 0.002, (8, 16000))
    quiet[0] = 0
    quiet[1] = 0.3 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    quiet[2] = random.normal(0, 0.1, 16000)
    spoken = np.stack([voice(1.0, seed=n) for n in range(8)]) + quiet[::-1]
    sounds = torch.tensor(
        np.concatenate([quiet, spoken, np.concatenate([quiet[4:, :8000], spoken[4:, :8000]], axis=1)])
    )
    truth = torch.zeros(20, 51, dtype=torch.long)
    truth[8:16] = 1
    truth[16:, 25:] = 1
    lengths = torch.full((20,), 16000)
    features, feature_lengths = model.preprocessor(input_signal=sounds.float(), length=lengths)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    model.train()
    for _ in range(60):
        logits = model(processed_signal=features, processed_signal_length=feature_lengths)
        frames = min(logits.shape[1], 51)
        loss = torch.nn.functional.cross_entropy(logits[:, :frames].reshape(-1, 2), truth[:, :frames].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    model.save_to(str(path))
    return path


def transducer(path: Path, tokenizer: Path) -> Path:
    """A Conformer RNNT model of word pieces."""
    from nemo.collections.asr.models import EncDecRNNTBPEModel
    from omegaconf import OmegaConf

    return _saved(EncDecRNNTBPEModel, OmegaConf.create(_transducer_config(tokenizer)), path)


def duration_transducer(path: Path, tokenizer: Path) -> Path:
    """A Conformer TDT model of word pieces: an RNNT that also says how many frames to skip."""
    from nemo.collections.asr.models import EncDecRNNTBPEModel
    from omegaconf import OmegaConf

    config = _transducer_config(tokenizer)
    durations = [0, 1, 2, 3, 4]
    config["model_defaults"] |= {"tdt_durations": durations, "num_tdt_durations": len(durations)}
    config["joint"]["num_extra_outputs"] = len(durations)
    config["decoding"] |= {"model_type": "tdt", "durations": durations}
    config["loss"] = {"loss_name": "tdt", "tdt_kwargs": {"durations": durations, "sigma": 0.02, "omega": 0.1}}
    return _saved(EncDecRNNTBPEModel, OmegaConf.create(config), path)


def hybrid(path: Path, tokenizer: Path) -> Path:
    """A Conformer model of word pieces with an RNNT and a CTC decoder."""
    from nemo.collections.asr.models import EncDecHybridRNNTCTCBPEModel
    from omegaconf import OmegaConf

    config = _transducer_config(tokenizer)
    config["aux_ctc"] = {
        "ctc_loss_weight": 0.3,
        "use_cer": False,
        "ctc_reduction": "mean_batch",
        "decoder": {
            "_target_": "nemo.collections.asr.modules.ConvASRDecoder",
            "feat_in": 32,
            "num_classes": -1,
            "vocabulary": [],
        },
        "decoding": {"strategy": "greedy_batch"},
    }
    return _saved(EncDecHybridRNNTCTCBPEModel, OmegaConf.create(config), path)


def attention(path: Path, tokenizer: Path, *, prompt: str = "canary") -> Path:
    """A Conformer encoder with a Transformer decoder (AED) under the prompt "canary" or "canary2"."""
    from nemo.collections.asr.models import EncDecMultiTaskModel
    from nemo.collections.common.tokenizers.canary_tokenizer import CanaryTokenizer
    from omegaconf import OmegaConf

    special = tokenizer.parent / "special"
    tokens = ["en", "de", "transcribe", "translate", "startofcontext", "emo:undefined"]
    tokens += ["itn", "noitn", "timestamp", "notimestamp", "diarize", "nodiarize"]
    tokens += ["es", "fr", "it", "pt"]  # with these 104: NeMo rounds up to 8, and random weights choose among all
    CanaryTokenizer.build_special_tokenizer(tokens, special)
    config = {
        "sample_rate": 16000,
        "restore_timestamps_model": False,  # otherwise building fails after any restoring in the same process
        "prompt_format": prompt,
        "model_defaults": {"asr_enc_hidden": 32, "lm_enc_hidden": 32, "lm_dec_hidden": 32},
        "tokenizer": {
            "type": "agg",
            "dir": None,
            "langs": {
                "spl_tokens": {"dir": str(special), "type": "bpe"},
                "en": {"dir": str(tokenizer), "type": "bpe"},
                "de": {"dir": str(tokenizer), "type": "bpe"},
            },
            "custom_tokenizer": {
                "_target_": "nemo.collections.common.tokenizers.canary_tokenizer.CanaryTokenizer",
                "tokenizers": None,
            },
        },
        "preprocessor": _PREPROCESSOR,
        "encoder": _CONFORMER,
        "transf_encoder": {"num_layers": 0},
        "transf_decoder": {
            "_target_": "nemo.collections.asr.modules.transformer.get_nemo_transformer",
            "model_name": None,
            "pretrained": False,
            "encoder": None,
            "pre_ln_final_layer_norm": True,
            "config_dict": {
                "max_sequence_length": 128,
                "num_token_types": 0,
                "embedding_dropout": 0.0,
                "learn_positional_encodings": False,
                "hidden_size": 32,
                "inner_size": 64,
                "num_layers": 1,
                "num_attention_heads": 2,
                "ffn_dropout": 0.0,
                "attn_score_dropout": 0.0,
                "attn_layer_dropout": 0.0,
                "hidden_act": "relu",
                "pre_ln": True,
                "vocab_size": None,
            },
        },
        "head": {
            "_target_": "nemo.collections.asr.parts.submodules.token_classifier.TokenClassifier",
            "num_layers": 1,
            "activation": "relu",
            "log_softmax": True,
            "hidden_size": 32,
            "num_classes": None,
            "dropout": 0.0,
            "use_transformer_init": True,
        },
        "decoding": {
            "strategy": "beam",
            "return_best_hypothesis": True,
            "beam": {"beam_size": 1, "len_pen": 0.0, "max_generation_delta": 12},
        },
        "loss": {
            "_target_": "nemo.collections.common.losses.smoothed_cross_entropy.SmoothedCrossEntropyLoss",
            "label_smoothing": 0.0,
            "pad_id": None,
        },
    }
    return _saved(EncDecMultiTaskModel, OmegaConf.create(config), path)


def _transducer_config(tokenizer: Path) -> dict[str, Any]:
    return {
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
        "validation_ds": _VALIDATION,
    }


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
    from omegaconf import open_dict

    torch.manual_seed(20261121)
    model = model_class(cfg=config)
    with torch.no_grad():  # large weights make decoders with memory answer to the sound, with words of several pieces
        for name, parameter in model.named_parameters():
            if name.startswith(("joint.", "decoder.prediction.", "transf_decoder._decoder.")) and parameter.dim() > 1:
                parameter.mul_(6.0)
    with open_dict(model.cfg):  # published models leave it out
        model.cfg.pop("restore_timestamps_model", None)
    model.save_to(str(path))
    return path
