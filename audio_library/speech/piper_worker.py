"""`python -m audio_library.speech.piper_worker`: one Piper voice reads texts, loaded once.

JSON on stdin: model, config, texts, into, memory_bytes, cpu_seconds.
"""

import json
from pathlib import Path
from typing import Any

from audio_library.speech.worker import CannotSay, answer, write_sound


def speak(request: dict[str, Any]) -> int:
    """Gives the sample rate in Hz."""
    # Under the limits already.
    import onnxruntime
    from piper.config import PiperConfig, SynthesisConfig
    from piper.voice import PiperVoice

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        request["model"], sess_options=options, providers=["CPUExecutionProvider"]
    )
    config = PiperConfig.from_dict(json.loads(Path(request["config"]).read_bytes()))
    voice = PiperVoice(session=session, config=config)
    # Without noise the same words are the same samples, whatever was said before.
    still = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    for number, text in enumerate(request["texts"]):
        # Piper would take [[ ]] for raw phonemes.
        words = text.replace("[[", "[ [")
        for sentence in voice.phonemize(words):
            unheard = {p for p in sentence if p.isalpha() and p not in config.phoneme_id_map}
            if unheard:
                raise CannotSay(f"no sound for {' '.join(sorted(unheard))}")
        chunks = voice.synthesize(words, still)
        write_sound(request["into"], number, b"".join(c.audio_int16_bytes for c in chunks))
    return config.sample_rate


if __name__ == "__main__":
    answer(speak)
