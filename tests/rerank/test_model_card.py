import re
from dataclasses import replace
from pathlib import Path

import yaml

from rerank.model_card import CardFacts, InSegment, Measured, model_card, write_model_card

FACTS = CardFacts(
    name="shop-student",
    parent="someone/MiniLM-L6",
    layers=(0, 3, 5),
    parent_layers=6,
    fields=("title", "brand"),
    max_length=64,
    loss="margin_mse",
    example='red "cotton" shirt | Acme',
    training={"labelled pairs": 1200, "teacher": "v1|a"},
    measured=(Measured("student", "nDCG@10", 0.81234, 0.79, 0.83, 500),),
    convention="nDCG@10: gains E 100, S 10, C 1, I 0; linear gain, log2 discount.",
    licence="apache-2.0",
    languages=("en",),
    limits=("Trained on synthetic queries.",),
)


def _parts(card: str) -> tuple[dict[str, object], str]:
    _, header, body = card.split("---\n", 2)
    return yaml.safe_load(header), body


def test_the_front_matter_is_what_hubs_read():
    header, _ = _parts(model_card(FACTS))
    assert header["library_name"] == "sentence-transformers"
    assert header["pipeline_tag"] == "text-ranking"
    assert header["base_model"] == "someone/MiniLM-L6"
    assert header["license"] == "apache-2.0"
    assert header["language"] == ["en"]


def test_numbers_stand_as_they_were_handed_in():
    _, body = _parts(model_card(FACTS))
    assert "| student | nDCG@10 | 0.8123 [0.7900, 0.8300] | 500 |" in body
    assert FACTS.convention in body
    assert "| labelled pairs | 1200 |" in body
    assert "| teacher | v1\\|a |" in body
    assert "keeps 3 of the 6 layers of `someone/MiniLM-L6`" in body
    assert "- Trained on synthetic queries." in body


def test_the_loading_example_is_python():
    _, body = _parts(model_card(FACTS))
    code = re.search(r"```python\n(.*?)```", body, re.DOTALL)
    assert code is not None
    compile(code.group(1), "card", "exec")
    assert "CrossEncoder" in code.group(1)
    assert repr(FACTS.example) in code.group(1)


def test_nothing_is_invented_where_nothing_is_known():
    facts = CardFacts("s", "/home/someone/models/parent", (0,), 2, ("title",), 64, "margin_mse")
    header, body = _parts(model_card(facts))
    assert header.keys().isdisjoint({"base_model", "license", "language"})
    assert "Not measured." in body
    assert "stated no licence" in body
    assert "/home/someone" not in body
    assert "`parent`" in body


def test_the_card_is_written_as_the_readme(tmp_path: Path):
    write_model_card(FACTS, tmp_path)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == model_card(FACTS)


def test_what_was_found_by_kind_of_query_stands_in_it():
    found = InSegment("negation: excludes | something", 33, 0.4, -0.242, -0.32, -0.162, "worse")
    _, body = _parts(
        model_card(
            replace(
                FACTS,
                verdict=("It is better.", "It is worse in 1 segment."),
                segments=(found,),
                segments_convention="The blend against hybrid.",
                calibration="Its sigmoid is no probability.",
            )
        )
    )
    assert "- It is worse in 1 segment." in body
    assert "| negation: excludes \\| something | 33 | 0.400 | -0.242 [-0.320, -0.162] | worse |" in body
    assert "The blend against hybrid." in body
    assert "- Its sigmoid is no probability." in body.split("## Limits")[1]
    plain = model_card(FACTS)
    assert "## Verdict" not in plain
    assert "## By kind" not in plain
    assert "\n\n\n" not in plain
