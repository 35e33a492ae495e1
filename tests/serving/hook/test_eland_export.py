"""The student as eland imports it. In eland's own environment the script's check.py goes on from here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoTokenizer, BertForSequenceClassification

from eval.errors import InputError
from rerank.student import Student, save_student
from retrieval.product_text import ProductTemplate
from serving.hook.eland_export import ELAND, export_for_eland

TEMPLATE = ProductTemplate(("title", "brand"))


@pytest.fixture(scope="module")
def student(tmp_path_factory, tiny_bert_dir) -> Path:
    path = tmp_path_factory.mktemp("student") / "student"
    model = BertForSequenceClassification.from_pretrained(tiny_bert_dir)
    save_student(model, AutoTokenizer.from_pretrained(tiny_bert_dir), path, TEMPLATE, max_length=64)
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory, student) -> Path:
    out = tmp_path_factory.mktemp("eland") / "eland"
    export_for_eland(student, out, name="shop student", major=9)
    return out


def test_the_directory_holds_what_eland_reads(exported, student):
    settings = json.loads((exported / "model" / "tokenizer_config.json").read_text())
    assert settings["tokenizer_class"] == "BertTokenizer"
    assert settings["model_max_length"] == 64
    words = (exported / "model" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    tokenizer = Student.load(student).pair_encoder.tokenizer
    assert words == sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    config = json.loads((exported / "model" / "config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert len(config["id2label"]) == 1
    assert (exported / "requirements.txt").read_text() == f"{ELAND[9]}\n"


def test_the_script_is_a_script(exported):
    assert os.access(exported / "import.sh", os.X_OK)
    subprocess.run(["bash", "-n", exported / "import.sh"], check=True)
    asked = subprocess.run([exported / "import.sh"], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert asked.returncode != 0
    assert "is the address of the cluster" in asked.stderr
    assert "--es-model-id 'shop student'" in (exported / "import.sh").read_text()
    subprocess.run([sys.executable, "-m", "py_compile", exported / "check.py"], check=True)


def test_the_reference_is_what_the_written_model_says(exported):
    """Loaded from the vocabulary and the settings alone, as eland does, tokens and scores are the student's."""
    reference = json.loads((exported / "reference.json").read_text())
    model = BertForSequenceClassification.from_pretrained(exported / "model").eval()
    tokenizer = AutoTokenizer.from_pretrained(exported / "model", use_fast=False)
    assert len(reference["pairs"]) == 3
    for pair in reference["pairs"]:
        tokens = tokenizer(
            [pair["query"]], [pair["text"]], truncation="only_second", max_length=64, return_tensors="pt"
        )
        assert float(model(**tokens).logits[0, 0].detach()) == pytest.approx(pair["score"], abs=1e-5)


def test_what_elasticsearch_cannot_run_is_refused(tmp_path, tiny_bert_dir, exported, student):
    two = BertForSequenceClassification.from_pretrained(tiny_bert_dir, num_labels=2, ignore_mismatched_sizes=True)
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert_dir)
    save_student(two, tokenizer, tmp_path / "two", TEMPLATE, max_length=64)
    with pytest.raises(InputError, match="has 2 labels, and Elasticsearch's text_similarity takes one"):
        export_for_eland(tmp_path / "two", tmp_path / "out", name="x", major=9)
    save_student(
        BertForSequenceClassification.from_pretrained(tiny_bert_dir),
        tokenizer,
        tmp_path / "odd",
        TEMPLATE,
        max_length=64,
    )
    file = tmp_path / "odd" / "tokenizer.json"
    backend = json.loads(file.read_text())
    backend["normalizer"] = {"type": "NFKC"}
    file.write_text(json.dumps(backend))
    with pytest.raises(InputError, match="prepares text in other ways than BERT's"):
        export_for_eland(tmp_path / "odd", tmp_path / "out", name="x", major=9)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="exists, and nothing is overwritten"):
        export_for_eland(student, exported, name="x", major=9)
    with pytest.raises(InputError, match="Elasticsearch 7 is not known"):
        export_for_eland(student, tmp_path / "out", name="x", major=7)
