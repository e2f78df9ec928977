"""Tiny ONNX models with inputs and outputs as the real ones; each token hums 256 samples."""

import json
import math
from pathlib import Path

import onnx
from onnx import TensorProto, helper

HOP = 256
LETTERS = "abcdeghiklmnopqrstuvxyàáảãạăắâấầđêếềểệìíôốồổộơớờởợưứừửữựýỳỹ ',.-"


def piper_voice(
    folder: Path, name: str = "vi_VN-tiny-low", *, language: str = "vi_VN", rate: object = 22_050
) -> Path:
    """NAME.onnx and NAME.onnx.json as Piper's trainer writes them."""
    from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

    folder.mkdir(parents=True, exist_ok=True)
    scales = ("scales", TensorProto.FLOAT, [3])
    model = _humming(("input", "input_lengths"), "output", scales=scales)
    onnx.save(model, folder / f"{name}.onnx")
    config = {
        "audio": {"sample_rate": rate},
        "espeak": {"voice": "vi"},
        "phoneme_type": "espeak",
        "language": {"code": language, "family": language[:2]},
        "num_symbols": 256,
        "num_speakers": 1,
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP,
    }
    (folder / f"{name}.onnx.json").write_text(json.dumps(config), "utf-8")
    return folder / f"{name}.onnx"


def greedy_piper_voice(folder: Path) -> None:
    """A voice whose first word takes 64 GB."""
    path = piper_voice(folder)
    model = onnx.load(path)
    size = helper.make_tensor("size", TensorProto.INT64, [3], [1, 1, 2**34])
    model.graph.initializer.append(size)
    model.graph.node[-1].output[0] = "hum"
    model.graph.node.append(helper.make_node("ConstantOfShape", ["size"], ["huge"]))
    model.graph.node.append(helper.make_node("Concat", ["huge", "hum"], ["output"], axis=2))
    onnx.save(model, path)


def mms_voice(folder: Path, code: str = "bdq", *, noise_inside: bool = False) -> Path:
    """A folder as exported: noise drawn inside (transformers), or asked for (sherpa-onnx)."""
    where = folder / f"mms-tts-{code}"
    where.mkdir(parents=True)
    if noise_inside:
        model = _humming(("input_ids", "attention_mask"), "waveform", scales=None)
        letters = {letter: number for number, letter in enumerate("_" + LETTERS)}
        (where / "vocab.json").write_text(json.dumps(letters), "utf-8")
    else:
        scales = ("noise_scale", TensorProto.FLOAT, [1])
        model = _humming(("x", "x_length"), "y", scales=scales)
        lines = [f"{letter} {number}" for number, letter in enumerate("_" + LETTERS)]
        (where / "tokens.txt").write_text("\n".join(lines), "utf-8")
    onnx.save(model, where / "model.onnx")
    return where


def _humming(
    inputs: tuple[str, str], output: str, *, scales: tuple[str, int, list[int]] | None
) -> onnx.ModelProto:
    tokens, beside = inputs
    wave = [math.sin(n / HOP * 2 * math.pi * 8) for n in range(HOP)]
    nodes = [
        helper.make_node("Cast", [tokens], ["heights"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["heights", "hundred"], ["loudness"]),
        helper.make_node("Unsqueeze", ["loudness", "last"], ["each"]),
        helper.make_node("Mul", ["each", "wave"], ["hummed"]),
        helper.make_node("Reshape", ["hummed", "row"], ["clean"]),
        helper.make_node("RandomNormalLike", ["clean"], ["noise"]),
    ]
    if scales is None:
        nodes.append(helper.make_node("Mul", ["noise", "little"], ["some"]))
    else:
        nodes.append(helper.make_node("Gather", [scales[0], "zero"], ["share"]))
        nodes.append(helper.make_node("Mul", ["noise", "share"], ["some"]))
    nodes.append(helper.make_node("Add", ["clean", "some"], [output]))
    constants = [
        helper.make_tensor("hundred", TensorProto.FLOAT, [], [200.0]),
        helper.make_tensor("little", TensorProto.FLOAT, [], [0.01]),
        helper.make_tensor("zero", TensorProto.INT64, [], [0]),
        helper.make_tensor("last", TensorProto.INT64, [1], [2]),
        helper.make_tensor("row", TensorProto.INT64, [3], [1, 1, -1]),
        helper.make_tensor("wave", TensorProto.FLOAT, [1, 1, HOP], wave),
    ]
    shape: list[object] = [1, "N"] if "mask" in beside else [1]
    asked = [
        helper.make_tensor_value_info(tokens, TensorProto.INT64, [1, "N"]),
        helper.make_tensor_value_info(beside, TensorProto.INT64, shape),
    ]
    if scales is not None:
        asked.append(helper.make_tensor_value_info(*scales))
    made = helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, 1, "S"])
    graph = helper.make_graph(nodes, "humming", asked, [made], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model)
    return model
