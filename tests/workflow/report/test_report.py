"""The report of measured runs: its figures are those of the run files, and it names who is worse off."""

import html
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import ir_measures
import pytest
from made_run import make_run

from distilrank import main
from eval.files import read_json
from eval.trec import Qrels, Run, ranking, read_qrels, read_run
from retrieval.shop.shop import shop_data
from retrieval.types import Product, Query
from workflow.report.content import build
from workflow.report.stored import open_stored
from workflow.run.prepared import load_prepared

WORSE = "negation: excludes something"


def _report(run: Path) -> dict:
    return read_json(run / "report" / "metrics.json")["report"]


def _verdict(run: Path) -> dict:
    return _report(run)["verdicts"]["student, blended"]


def _read(run: Path, mode: str, system: str) -> tuple[Qrels, Run]:
    prepared = load_prepared(run / "data")
    tested = prepared.graded(prepared.split("test"))
    qrels = read_qrels(run / "report" / "qrels.txt")
    name = system.replace(", ", "-").replace(" ", "-")
    found = read_run(run / "report" / mode.replace(" ", "-") / f"{name}.run")
    return {i: qrels[i] for i in tested}, {i: found[i] for i in tested}


@pytest.mark.parametrize(
    ("title", "mode", "measure"),
    [
        ("nDCG@10, judged-only", "judged-only", ir_measures.nDCG @ 10),
        ("nDCG@10, full catalogue", "full catalogue", ir_measures.nDCG @ 10),
        ("R@30", "full catalogue", ir_measures.R(rel=100) @ 30),
        ("RR", "full catalogue", ir_measures.RR(rel=100)),
        ("Judged@10", "full catalogue", ir_measures.Judged @ 10),
    ],
)
def test_every_mean_is_that_of_ir_measures_on_the_run_files(
    good_run: Path, title: str, mode: str, measure: ir_measures.Measure
) -> None:
    rows = {row["system"]: row["value"] for row in _report(good_run)["rows"][title]}
    assert {"bm25", "dense", "hybrid", "teacher", "student", "student, blended"} <= set(rows)
    for system, value in rows.items():
        qrels, run = _read(good_run, mode, system)
        assert value["mean"] == pytest.approx(ir_measures.calc_aggregate([measure], qrels, run)[measure], abs=1e-9)
        assert value["n"] == len(qrels)


def test_ids_with_white_space_are_measured_and_reported(tmp_path: Path) -> None:
    data = shop_data(products=80, train=6, dev=6, test=8, log=20, seed=4, judged=10)
    products = [Product(f"SKU {product.id}", product.fields) for product in data.products()]
    data.products = lambda: iter(products)
    data.queries = {f"q {i}": Query(f"q {i}", query.text) for i, query in data.queries.items()}
    data.splits = {f"q {i}": split for i, split in data.splits.items()}
    data.qrels = {f"q {i}": {f"SKU {product}": gain for product, gain in of.items()} for i, of in data.qrels.items()}
    run = make_run(tmp_path, "spaced", data)
    qrels, found = _read(run, "full catalogue", "student")
    assert qrels == {i: data.qrels[i] for i in qrels}
    assert qrels.keys() == found.keys() == {i for i, split in data.splits.items() if split == "test"}
    assert (run / "report" / "report.html").exists()


def test_segments_have_the_values_of_their_queries(flawed_run: Path) -> None:
    (row,) = [
        row
        for row in _report(flawed_run)["segments"]["student, blended"]["full catalogue"]
        if f"{row['dimension']}: {row['segment']}" == WORSE
    ]
    segments = read_json(flawed_run / "report" / "segments.json")
    (members,) = [one["queries"] for one in segments if f"{one['dimension']}: {one['name']}" == WORSE]
    for key, system in (("value", "student, blended"), ("base", "hybrid")):
        qrels, run = _read(flawed_run, "full catalogue", system)
        chosen = ({i: of[i] for i in members} for of in (qrels, run))
        measure = ir_measures.nDCG @ 10
        assert row[key] == pytest.approx(ir_measures.calc_aggregate([measure], *chosen)[measure], abs=1e-9)
    assert row["queries"] == len(members)


def test_a_planted_regression_is_named_in_the_verdict(flawed_run: Path) -> None:
    verdict = _verdict(flawed_run)
    assert verdict["finding"] == "mixed"  # it is better on the whole
    (line,) = [line for line in verdict["lines"] if "worse in" in line]
    assert line.startswith(f"It is worse in 1 segment: {WORSE} (")
    page = (flawed_run / "report" / "report.html").read_text()
    assert "worse in a segment" in page
    assert html.escape(line) in page


def test_without_one_no_segment_is_called_worse(good_run: Path) -> None:
    verdict = _verdict(good_run)
    assert verdict["finding"] == "better"
    assert any(line.startswith("It is shown to be worse in no segment") for line in verdict["lines"])


def test_at_the_whole_window_the_curve_ends_where_the_systems_were_measured(flawed_run: Path) -> None:
    report = _report(flawed_run)
    means = {row["system"]: row["value"]["mean"] for row in report["rows"]["nDCG@10, full catalogue"]}
    curve = report["runs"]["flawed"]["depth"]
    assert curve[-1]["depth"] == 20
    assert curve[-1]["reranked"] == pytest.approx(means["student"], abs=1e-9)
    assert curve[-1]["blended"] == pytest.approx(means["student, blended"], abs=1e-9)
    assert curve[0]["blended"] == pytest.approx(means["hybrid"], abs=1e-9)


def test_wins_and_regressions_show_the_lists_of_the_run_files(flawed_run: Path) -> None:
    (part,) = build([open_stored(flawed_run)]).focuses
    assert part.wins
    assert part.regressions
    for system, side in (("hybrid", "old"), ("student, blended", "new")):
        qrels, run = _read(flawed_run, "full catalogue", system)
        for mover in part.wins + part.regressions:
            listed = getattr(mover, side)
            best = sorted(run[mover.query_id], key=lambda i, of=run[mover.query_id]: -of[i])[:10]
            assert [product.product_id for product in listed] == best
            gains = [None if p.grade is None else (100, 10, 1, 0)[p.grade] for p in listed]
            assert gains == [qrels[mover.query_id].get(product_id) for product_id in best]
    moved = {(product.rose, place) for mover in part.wins for place, product in enumerate(mover.new)}
    assert any(rose is not None and rose > 0 for rose, _ in moved)
    assert all(mover.difference < 0 for mover in part.regressions)


def test_the_pairs_worth_judging_are_unjudged_and_in_one_of_the_lists(flawed_run: Path) -> None:
    (part,) = build([open_stored(flawed_run)]).focuses
    qrels, ours = _read(flawed_run, "full catalogue", "student, blended")
    assert part.queue
    effects = [abs(one.pair.effect) for one in part.queue]
    assert effects == sorted(effects, reverse=True)
    for one in part.queue:
        assert one.pair.product_id not in qrels[one.pair.query_id]
        ranked = ranking(ours[one.pair.query_id])
        assert one.pair.place_a is None or ranked[one.pair.place_a - 1] == one.pair.product_id
    lines = (flawed_run / "report" / "worth-judging.csv").read_text().splitlines()
    assert len(lines) == len(part.queue) + 1


class _Elements(HTMLParser):
    """Every element with its attributes; `markup` is false for one whose text was not escaped."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_is_one_small_file_that_loads_nothing_and_escapes_everything(flawed_run: Path) -> None:
    page = (flawed_run / "report" / "report.html").read_text()
    assert len(page.encode()) < 5_000_000
    assert "&lt;script&gt;alert" in page  # titles and queries are shown
    elements = _Elements()
    elements.feed(page)
    names = {name for name, _ in elements.found}
    assert not names & {"script", "img", "link", "iframe", "object", "embed", "base"}
    for name, attributes in elements.found:
        assert not [attribute for attribute in attributes if attribute.startswith("on")], name
        for attribute in ("src", "href", "xlink:href", "action", "data", "srcset"):
            assert (attributes.get(attribute) or "#").startswith("#"), (name, attributes)
    assert "url(" not in page
    assert "@import" not in page
    ids = {attributes["id"] for _, attributes in elements.found if "id" in attributes}
    links = {attributes["href"].removeprefix("#") for name, attributes in elements.found if name == "a"}  # type: ignore[union-attr]
    assert links <= ids


def test_several_runs_are_compared_with_the_first(
    good_run: Path, flawed_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "both"
    assert main(["report", str(good_run), str(flawed_run), "--out", str(out)]) == 0
    assert "flawed: blended is worse than good: blended" in capsys.readouterr().out
    report = read_json(out / "metrics.json")["report"]
    verdict = report["verdicts"]["flawed: blended"]
    assert verdict["finding"] == "worse"
    named = next(line for line in verdict["lines"] if line.startswith("It is worse in"))
    assert WORSE in named
    rows = {row["system"]: row for row in report["rows"]["nDCG@10, full catalogue"]}
    alone = {row["system"]: row for row in _report(flawed_run)["rows"]["nDCG@10, full catalogue"]}
    assert rows["flawed: blended"]["value"] == pytest.approx(alone["student, blended"]["value"])
    assert (out / "report.html").read_text().count("<svg") > 6


def test_one_run_again_gives_the_same_page(good_run: Path, tmp_path: Path) -> None:
    assert main(["report", str(good_run), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "report.html").read_bytes() == (good_run / "report" / "report.html").read_bytes()


def test_runs_that_cannot_be_compared_are_refused(
    good_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(good_run), str(good_run)]) == 2
    assert "rename one" in capsys.readouterr().err
    unfinished = shutil.copytree(good_run, tmp_path / "unfinished")
    (unfinished / "stages" / "measure.json").unlink()
    assert main(["report", str(unfinished)]) == 2
    assert "is not finished" in capsys.readouterr().err
    assert main(["report", str(tmp_path)]) == 2
    old = shutil.copytree(good_run, tmp_path / "old")
    (old / "report" / "pairs.parquet").unlink()
    assert main(["report", str(old)]) == 3
    assert "distilrank run the config again" in " ".join(capsys.readouterr().err.split())


def test_the_figures_as_json(good_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(good_run), "--out", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["queries"] == 160
