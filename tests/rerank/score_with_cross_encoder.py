"""Score pairs with whatever sentence-transformers the running interpreter has; prints JSON.

    PYTHON tests/rerank/score_with_cross_encoder.py STUDENT_DIRECTORY PAIRS.json

PAIRS.json is a list of [query, product text]. It imports nothing of distilrank, so that an environment with another
sentence-transformers needs nothing else. `test_other_sentence_transformers.py` says how to make one.
"""

import json
import sys

import sentence_transformers
import transformers
from sentence_transformers import CrossEncoder


def main(student: str, pairs: str) -> None:
    with open(pairs, encoding="utf-8") as file:
        texts = [tuple(pair) for pair in json.load(file)]
    model = CrossEncoder(student, device="cpu")
    answer = {
        "sentence_transformers": sentence_transformers.__version__,
        "transformers": transformers.__version__,
        "activation": type(model.activation_fn).__name__,
        "max_length": model.tokenizer.model_max_length,
        "scores": [float(score) for score in model.predict(texts, show_progress_bar=False)],
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
