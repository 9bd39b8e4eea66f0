"""SPADE: Park et al., "Semantic Image Synthesis with Spatially-Adaptive Normalization", CVPR 2019.

The authors' files keep spectral norm as three tensors (Miyato et al., "Spectral Normalization for GANs", ICLR 2018, in
the form of `torch.nn.utils.spectral_norm`); other exports of the same network have it folded in already. Both are read,
and folded files are written unless the configuration keeps the triplets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zoo.convert.config import (
    MAX_SIDE,
    Config,
    Field,
    Shapes,
    boolean,
    integer,
    label_space,
    number,
    one_of,
    pattern,
)
from zoo.convert.errors import ConvertError

if TYPE_CHECKING:
    import torch

NORM_G = r"(spectral)?spade(syncbatch|batch|instance)([1357])x\3"
DOUBLINGS = {"normal": 5, "more": 6, "most": 7}
ENCODER = "netE."
ENCODER_CODE = 256  # numbers that the encoder makes of a style picture, fixed in the authors' code
ENCODER_WIDTHS = (1, 2, 4, 8, 8, 8)  # of layer1 .. layer6, times encoder_ngf

FIELDS: Mapping[str, Field] = {
    "ngf": integer(2, 256),
    "label_nc": integer(1, 256),
    "contain_dontcare_label": boolean(),
    "no_instance": boolean(),
    "num_upsampling_layers": one_of(*DOUBLINGS),
    "crop_size": integer(32, MAX_SIDE),
    "aspect_ratio": number(0.25, 4.0),
    "norm_G": pattern(NORM_G, "such as spectralspadesyncbatch3x3 (syncbatch, batch or instance; 1x1, 3x3, 5x5 or 7x7)"),
    "use_vae": boolean(False),
    "z_dim": integer(1, 1024, ENCODER_CODE),
    "encoder_ngf": integer(1, 256, 64),
    "hidden": integer(1, 1024, 128),
    "label_space": label_space(),
    "spectral": one_of("folded", "triplets", default="folded"),
    "upsampling": one_of("nearest", "bilinear", default="nearest"),
}

_OFFICIAL: Config = {
    "ngf": 64,
    "norm_G": "spectralspadesyncbatch3x3",
    "hidden": 128,
}
PRESETS: Mapping[str, Config] = {
    "coco": _OFFICIAL
    | {"label_nc": 182, "contain_dontcare_label": True, "no_instance": False, "label_space": "cocostuff"}
    | {"num_upsampling_layers": "normal", "crop_size": 256, "aspect_ratio": 1.0},
    "ade20k": _OFFICIAL
    | {"label_nc": 150, "contain_dontcare_label": True, "no_instance": True, "label_space": "ade20k"}
    | {"num_upsampling_layers": "normal", "crop_size": 256, "aspect_ratio": 1.0},
    "cityscapes": _OFFICIAL
    | {"label_nc": 35, "contain_dontcare_label": False, "no_instance": False, "label_space": "cityscapes"}
    | {"num_upsampling_layers": "more", "crop_size": 512, "aspect_ratio": 2.0},
}


def start_size(config: Config) -> tuple[int, int]:
    """(height, width) of the smallest feature map; Python's round takes halves to even, as the authors' code does."""
    width = config["crop_size"] // 2 ** DOUBLINGS[config["num_upsampling_layers"]]
    return round(width / config["aspect_ratio"]), width


def check(config: Config) -> None:
    """What fields must agree on. Raises `ConvertError` naming one of them."""
    height, width = start_size(config)
    factor = 2 ** DOUBLINGS[config["num_upsampling_layers"]]  # from the smallest feature map to the picture
    if min(height, width) < 1:
        raise ConvertError(
            f"config field 'crop_size' is {config['crop_size']}; with aspect_ratio {config['aspect_ratio']} and "
            f"{config['num_upsampling_layers']} upsampling layers both sides of the picture must be at least {factor}."
        )
    if max(height, width) * factor > MAX_SIDE:
        raise ConvertError(
            f"config field 'aspect_ratio' is {config['aspect_ratio']}; with crop_size {config['crop_size']} the picture"
            f" would be {width * factor}x{height * factor}, and no side may exceed {MAX_SIDE} pixels."
        )
    if config["num_upsampling_layers"] == "most" and config["ngf"] % 2:
        raise ConvertError(f"config field 'ngf' is {config['ngf']}; with most upsampling layers it must be even.")
    if config["spectral"] == "triplets" and not config["norm_G"].startswith("spectral"):
        raise ConvertError(
            "config field 'spectral' is 'triplets'; norm_G has no spectral norm, so it must be 'folded'."
        )
    if config["use_vae"] and config["z_dim"] != ENCODER_CODE:
        raise ConvertError(
            f"config field 'z_dim' is {config['z_dim']}; the style encoder makes {ENCODER_CODE} numbers."
        )
    if config["use_vae"] and config["crop_size"] < 256:
        raise ConvertError(
            f"config field 'crop_size' is {config['crop_size']}; the style encoder needs at least 256 (its layer6)."
        )


def expected(config: Config) -> Shapes:
    """Name and shape of every tensor of a checked configuration."""
    ngf, classes = config["ngf"], semantic_nc(config)
    height, width = start_size(config)
    shapes: Shapes = {}
    fc_out = 16 * ngf * height * width if config["use_vae"] else 16 * ngf
    shapes["fc.weight"] = (fc_out, config["z_dim"]) if config["use_vae"] else (fc_out, classes, 3, 3)
    shapes["fc.bias"] = (fc_out,)
    for name, fan_in, fan_out in blocks(config):
        shapes |= _block(name, fan_in, fan_out, config)
    last = blocks(config)[-1][2]
    shapes |= {"conv_img.weight": (3, last, 3, 3), "conv_img.bias": (3,)}
    if config["use_vae"]:
        shapes |= {ENCODER + name: shape for name, shape in _encoder(config).items()}
    return shapes


def semantic_nc(config: Config) -> int:
    """Channels of the network's input: classes, then the don't-care channel, then the instance edge."""
    return config["label_nc"] + config["contain_dontcare_label"] + (not config["no_instance"])


def blocks(config: Config) -> list[tuple[str, int, int]]:
    """(name, input channels, output channels) of the residual blocks, in order."""
    ngf = config["ngf"]
    middle = [(name, 16 * ngf, 16 * ngf) for name in ("head_0", "G_middle_0", "G_middle_1")]
    ups = 5 if config["num_upsampling_layers"] == "most" else 4
    return middle + [(f"up_{i}", 16 * ngf >> i, 16 * ngf >> (i + 1)) for i in range(ups)]


def _block(name: str, fan_in: int, fan_out: int, config: Config) -> Shapes:
    middle = min(fan_in, fan_out)
    spectral = config["spectral"] == "triplets"
    shapes = _convolution(f"{name}.conv_0", (middle, fan_in, 3, 3), spectral) | {f"{name}.conv_0.bias": (middle,)}
    shapes |= _convolution(f"{name}.conv_1", (fan_out, middle, 3, 3), spectral) | {f"{name}.conv_1.bias": (fan_out,)}
    shapes |= _norm(f"{name}.norm_0", fan_in, config) | _norm(f"{name}.norm_1", middle, config)
    if fan_in != fan_out:
        shapes |= _convolution(f"{name}.conv_s", (fan_out, fan_in, 1, 1), spectral)
        shapes |= _norm(f"{name}.norm_s", fan_in, config)
    return shapes


def _norm(name: str, channels: int, config: Config) -> Shapes:
    kernel = int(config["norm_G"][-1])
    hidden, classes = config["hidden"], semantic_nc(config)
    shapes: Shapes = {}
    if "instance" not in config["norm_G"]:
        shapes |= {f"{name}.param_free_norm.{leaf}": (channels,) for leaf in ("running_mean", "running_var")}
    shapes[f"{name}.mlp_shared.0.weight"] = (hidden, classes, kernel, kernel)
    shapes[f"{name}.mlp_shared.0.bias"] = (hidden,)
    for leaf in ("mlp_gamma", "mlp_beta"):
        shapes[f"{name}.{leaf}.weight"] = (channels, hidden, kernel, kernel)
        shapes[f"{name}.{leaf}.bias"] = (channels,)
    return shapes


def _encoder(config: Config) -> Shapes:
    widths = [3, *(factor * config["encoder_ngf"] for factor in ENCODER_WIDTHS)]
    shapes: Shapes = {}
    for i in range(6):
        shapes |= _convolution(f"layer{i + 1}.0", (widths[i + 1], widths[i], 3, 3), config["spectral"] == "triplets")
    for head in ("fc_mu", "fc_var"):
        shapes |= {f"{head}.weight": (ENCODER_CODE, widths[6] * 4 * 4), f"{head}.bias": (ENCODER_CODE,)}
    return shapes


def _convolution(name: str, shape: tuple[int, ...], spectral: bool) -> Shapes:
    if not spectral:
        return {f"{name}.weight": shape}
    inputs = shape[1] * shape[2] * shape[3]
    return {f"{name}.weight_orig": shape, f"{name}.weight_u": (shape[0],), f"{name}.weight_v": (inputs,)}


def gather(states: Sequence[Mapping[str, torch.Tensor]], config: Config) -> dict[str, torch.Tensor]:
    """One state dict of generator and encoder, under the names that `expected` gives."""
    tensors: dict[str, torch.Tensor] = {}
    for state in states:
        prefix = ENCODER if "fc_mu.weight" in state else ""
        renamed = {prefix + name: tensor for name, tensor in state.items()}
        if tensors.keys() & renamed.keys():
            raise ConvertError("two generators were given; family spade takes one, and its encoder (latest_net_E.pth).")
        tensors |= renamed
    has_encoder = f"{ENCODER}fc_mu.weight" in tensors
    if config["use_vae"] and not has_encoder:
        raise ConvertError("this generator takes a style; give its encoder's file (latest_net_E.pth) as well.")
    if has_encoder and not config["use_vae"]:
        raise ConvertError("this generator takes no style; leave the encoder's file out.")
    tensors = {name: tensor for name, tensor in tensors.items() if not name.endswith(".num_batches_tracked")}
    return tensors if config["spectral"] == "triplets" else fold(tensors)


def fold(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Spectral norm's effective weights, W / (u . W v), for every triplet: to the bit what the layer computes."""
    folded = dict(tensors)
    for name in tensors:
        stem = name.removesuffix("_orig")
        triplet = [f"{stem}_{leaf}" for leaf in ("orig", "u", "v")]
        if stem == name or stem in tensors or not all(part in tensors for part in triplet):
            continue  # not a triplet's first part, or not a whole one: the names will not match
        weight, u, v = (folded.pop(part) for part in triplet)
        matrix = weight.reshape(weight.shape[0], -1)
        if (*u.shape, *v.shape) != matrix.shape:
            raise ConvertError(f"{triplet[1]} and {triplet[2]} do not fit {name} of shape {tuple(weight.shape)}.")
        folded[stem] = weight / u.dot(matrix.mv(v))
    return folded


def recognise(states: Sequence[Mapping[str, torch.Tensor]]) -> Config:
    """The fields that names and shapes tell. How many classes, doublings and pixels there are cannot be seen."""
    tensors = {name: tuple(tensor.shape) for state in states for name, tensor in state.items()}
    image, shared = tensors.get("conv_img.weight"), tensors.get("head_0.norm_0.mlp_shared.0.weight")
    if image is None or shared is None or len(image) != 4 or len(shared) != 4:
        return {}
    spectral = "spectral" if "head_0.conv_0.weight_orig" in tensors else ""
    kind = "syncbatch" if "head_0.norm_0.param_free_norm.running_mean" in tensors else "instance"
    config: Config = {
        "ngf": image[1] * (2 if "up_4.conv_0.bias" in tensors else 1),
        "norm_G": f"{spectral}spade{kind}{shared[2]}x{shared[2]}",
        "hidden": shared[0],
        "use_vae": len(tensors.get("fc.weight", ())) == 2,
    }
    if "up_4.conv_0.bias" in tensors:
        config["num_upsampling_layers"] = "most"
    if config["use_vae"]:
        config["z_dim"] = tensors["fc.weight"][1]
    encoder = tensors.get("layer1.0.weight_orig", tensors.get("layer1.0.weight"))
    if encoder is not None:
        config["encoder_ngf"] = encoder[0]
    return config
