"""Generated queries in a run: by template and by a model over HTTP, guarded, marked, and paid for once."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from grading_server import KEY, Fault, GradingServer
from pydantic import ValidationError

from distilrank import main
from eval.files import read_json
from workflow.config.run import Config
from workflow.run.prepared import load_prepared

WriteConfig = Callable[..., Path]


def test_they_are_mined_beside_the_log(
    write_config: WriteConfig, grading_server: GradingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRITER_KEY", KEY)
    llm = {"base_url": grading_server.url, "model": "m", "key_variable": "WRITER_KEY", "concurrency": 1, "products": 2}
    llm |= {"shop": "a small shop", "shop_queries": 20, "retries": 0}
    config = str(write_config(tmp_path, generate={"templates": 12, "llm": llm}))
    runs, root = str(tmp_path / "runs"), tmp_path / "runs" / "tiny"
    assert main(["index", config, "--runs", runs]) == 0
    prepared = load_prepared(root / "data")
    held_out = prepared.queries[prepared.split("test")[0]].text
    for text in ("xylophone of steel", f"{held_out}\nxylophone for kids", "xylophones"):
        said = {"choices": [{"message": {"content": text}}], "usage": {"prompt_tokens": 9, "completion_tokens": 9}}
        grading_server.faults.append(Fault(200, json.dumps(said)))
    assert main(["mine", config, "--runs", runs]) == 0
    facts = read_json(root / "stages" / "mine.json")["facts"]
    assert facts["generated"]["leaks"] >= 1
    origins = Counter(pq.read_table(root / "pairs" / "queries.parquet")["origin"].to_pylist())
    assert origins["log"] == 20
    assert (origins["llm:product"], origins["llm:shop"]) == (2, 1)
    assert 8 <= sum(count for origin, count in origins.items() if origin.startswith("template:")) <= 12
    assert held_out not in pq.read_table(root / "pairs" / "queries.parquet")["query"].to_pylist()
    assert len(grading_server.asked) == 3
    assert main(["mine", config, "--runs", runs, "--set", "mine.queries=10"]) == 0  # mined anew, not written anew
    assert len(grading_server.asked) == 3
    assert read_json(root / "stages" / "mine.json")["facts"]["generated"] == facts["generated"]


@pytest.mark.parametrize(
    ("generate", "teacher", "said"),
    [
        ({"llm": {"base_url": "http://a/v1", "model": "m"}}, {}, "generate.llm has nothing to write of"),
        ({"llm": {"base_url": "a", "model": "m", "products": 1}}, {}, "generate.llm.base_url is not an address"),
        ({"templates": 5}, {"kind": "file", "labels": "l.csv"}, "whose labels are all there is"),
    ],
)
def test_what_cannot_be_is_said(generate: dict[str, object], teacher: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Config.model_validate({"name": "a", "generate": generate, "teacher": teacher})
