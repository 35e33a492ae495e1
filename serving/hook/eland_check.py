"""Run by `import.sh` in eland's own environment: the model as eland reads and traces it gives the student's scores."""

import json
import sys
from pathlib import Path

import torch
from eland.ml.pytorch.transformers import TransformerModel

HERE = Path(__file__).parent


def main() -> int:
    """Compare the trace's scores with the student's; 1 where they differ."""
    reference = json.loads((HERE / "reference.json").read_text(encoding="utf-8"))
    loaded = TransformerModel(model_id=str(HERE / "model"), task_type="text_similarity")
    traced = loaded._traceable_model.trace()
    worst = 0.0
    for pair in reference["pairs"]:
        limits = {"truncation": "only_second", "max_length": reference["max_length"]}
        tokens = loaded._tokenizer([pair["query"]], [pair["text"]], return_tensors="pt", **limits)
        ids = tokens["input_ids"]
        types = tokens.get("token_type_ids", torch.zeros_like(ids))
        positions = torch.arange(ids.size(1), dtype=torch.long)
        with torch.no_grad():
            answer = traced(ids, tokens["attention_mask"], types, positions)
        score = float((answer[0] if isinstance(answer, tuple) else answer).reshape(-1)[0])
        worst = max(worst, abs(score - pair["score"]))
    print(f"eland's trace and the student differ by at most {worst:.2g} on {len(reference['pairs'])} pairs")
    return 0 if worst < 1e-3 else 1


if __name__ == "__main__":
    sys.exit(main())
