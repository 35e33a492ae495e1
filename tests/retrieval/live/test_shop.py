"""What a shop of live changes promises to one process, and to several through its directory."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eval.errors import InputError, MachineError
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.dense import DenseRetriever
from retrieval.encoder import Encoder
from retrieval.live.locks import LockedError, file_lock
from retrieval.live.log import Log
from retrieval.live.pointer import Pointer
from retrieval.live.records import Change
from retrieval.live.shop import LiveShop, RebuiltError
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query
from tests.retrieval.live.live_base import Base, Model, content, follow, operation, perform

OpenShop = Callable[..., LiveShop]
LAMP = Product("lamp", {"title": "mauve lamp", "brand": "newcomer", "colour": "mauve"})


def refreshed(shop: LiveShop, version: int, generation: int = 0, seconds: float = 20.0) -> bool:
    """Whether the shop comes to have the version and the generation."""
    limit = time.monotonic() + seconds
    while shop.view().version < version or shop.view().generation < generation:
        if time.monotonic() > limit:
            return False
        shop.refresh()
        time.sleep(0.01)
    return True


def test_a_put_is_in_the_view_and_an_older_view_stays_as_it_was(open_shop: OpenShop) -> None:
    shop = open_shop(first_stage="bm25")
    old = shop.view()
    assert (old.version, old.products, old.delta_rows, old.retired, old.generation) == (0, 400, 0, 0, 0)
    assert shop.put([LAMP]) == 1
    new = shop.view()
    assert (new.version, new.products, new.delta_rows, new.retired) == (1, 401, 1, 0)
    assert new.catalogue.row("lamp") == 400
    assert new.catalogue.product("lamp") == LAMP
    assert "lamp" in new.catalogue
    assert "lamp" not in old.catalogue
    assert len(old.catalogue) == 400
    assert "lamp" in [hit.product_id for hit in new.retriever.search([Query("q", "mauve lamp")], 5)[0]]
    assert "lamp" not in [hit.product_id for hit in old.retriever.search([Query("q", "mauve lamp")], 400)[0]]
    assert old.retriever.search([Query("q", "lamp")], 5, {"colour": "mauve"}) == [[]]
    assert [hit.product_id for hit in new.retriever.search([Query("q", "lamp")], 5, {"colour": "mauve"})[0]] == ["lamp"]


def test_a_put_replaces_and_what_is_not_given_is_empty(open_shop: OpenShop, small_products: list[Product]) -> None:
    shop = open_shop()
    old = small_products[5]
    shop.put([Product(old.id, {"title": "zither"})])
    view = shop.view()
    assert view.catalogue.product(old.id).fields == {"title": "zither", "brand": "", "colour": ""}
    assert view.catalogue.products([5]) == [old]  # a row is one version for ever
    assert (view.products, view.retired) == (400, 1)
    shop.put([LAMP, Product(old.id, {"title": "first"}), Product(old.id, {"title": "last"})])
    view = shop.view()
    assert (view.version, view.products, view.retired, view.delta_rows) == (2, 401, 2, 3)
    assert view.catalogue.product(old.id)["title"] == "last"
    assert view.catalogue.ids[-2:] == ["lamp", old.id]


def test_delete_tells_what_was_there(open_shop: OpenShop, small_products: list[Product]) -> None:
    shop = open_shop()
    gone = small_products[3].id
    assert shop.remove(["nowhere", gone, gone]) == (1, (gone,))
    assert shop.remove(["nowhere", gone]) == (1, ())
    assert shop.delete([gone]) == 1
    with pytest.raises(InputError, match=f"no product '{gone}'"):
        shop.view().catalogue.row(gone)
    shop.put([Product(gone, {"title": "back again"})])
    assert shop.view().catalogue.row(gone) == 400
    assert shop.put([]) == 2


@pytest.mark.parametrize(
    ("product", "message"),
    [
        (
            Product("1", {"colour": "red", "size": "XL"}),
            "'1' has a field 'size', .* are title, brand, colour",
        ),
        (Product("", {"title": "lamp"}), "has the id ''"),
        (Product("1", {"title": "lone \ud800"}), "'1' holds text that is no Unicode"),
        (Product("lone \udfff", {"title": "lamp"}), "holds text that is no Unicode"),
        (Product("1", {"title": 5}), "'1' has 5 as its title; expected a text"),  # type: ignore[dict-item]
    ],
)
def test_a_product_that_does_not_fit_is_refused_with_all_of_its_bulk(
    product: Product, message: str, open_shop: OpenShop
) -> None:
    shop = open_shop()
    with pytest.raises(InputError, match=message):
        shop.put([LAMP, product])
    assert shop.view().version == 0


def test_rows_that_are_none_are_refused(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.put([LAMP])
    catalogue = shop.view().catalogue
    assert catalogue.products([400, 0, 400])[0] == LAMP
    assert catalogue.products([]) == []
    for rows in ([401], [-1, 3]):
        with pytest.raises(IndexError):
            catalogue.products(rows)


def test_another_shop_follows_and_both_write(open_shop: OpenShop) -> None:
    ours, theirs = open_shop(), open_shop()
    assert not theirs.refresh()
    assert ours.put([LAMP]) == 1
    assert theirs.view().version == 0
    assert theirs.refresh()
    assert not theirs.refresh()
    assert theirs.view().catalogue.product("lamp") == LAMP
    assert theirs.delete(["lamp"]) == 2
    assert ours.put([Product("other", {"title": "zither"})]) == 3  # on top of what it had not yet seen
    assert "lamp" not in ours.view().catalogue
    theirs.refresh()
    assert content(theirs) == content(ours) == content(open_shop())
    for query in ("zither", "lamp"):
        hits = [shop.view().retriever.search([Query("q", query)], 20) for shop in (ours, theirs, open_shop())]
        assert hits[0] == hits[1] == hits[2]  # the vector of the writer, to the last digit


def test_a_merge_is_followed(open_shop: OpenShop, small_products: list[Product]) -> None:
    ours, theirs = open_shop(), open_shop()
    model: Model = {product.id: dict(product.fields) for product in small_products}
    ids = [product.id for product in small_products[::7]] + [f"new {number}" for number in range(10)]
    for number in range(30):
        perform(ours, operation(4, number, ids))
        follow(model, operation(4, number, ids))
    before = ours.view()
    assert ours.merge()
    assert not ours.merge()
    view = ours.view()
    assert (view.generation, view.version, view.delta_rows, view.retired) == (1, before.version, 0, 0)
    assert view.products == before.products == len(model)
    assert view.directory is not None
    assert list(content(ours).items()) == list(model.items())
    assert ours.delete(["new 1", *ids[:1]]) >= before.version
    follow(model, ([], ["new 1", *ids[:1]]))
    assert refreshed(theirs, ours.view().version, 1)
    assert list(content(theirs).items()) == list(content(open_shop()).items()) == list(model.items())
    live = ours.directory
    assert [path.name for path in (live / "generations").iterdir()] == ["000001"]
    assert [path.name for path in (live / "log").iterdir()] == ["00000002.wal"]
    assert before.catalogue.product(small_products[1].id) == small_products[1]  # files that are gone, still mapped


def test_who_slept_through_two_merges_reads_and_writes_on(open_shop: OpenShop) -> None:
    ours, reader, writer = open_shop(), open_shop(), open_shop()
    for number in range(2):
        ours.put([Product(f"new {number}", {"title": "lamp"})])
        assert ours.merge()
    assert writer.put([LAMP]) == 3
    assert writer.view().generation == 2
    assert refreshed(reader, 3, 2)
    ours.refresh()
    assert content(ours) == content(writer) == content(reader)
    assert len(content(ours)) == 403


def test_what_is_written_while_a_merge_works_is_kept(open_shop: OpenShop) -> None:
    shop, other = open_shop(), open_shop()
    shop.put([LAMP, Product("early", {"title": "early"})])
    seen = []

    def finish(directory: Path, catalogue: Catalogue) -> None:
        seen.append((directory.parent.name, len(catalogue), "lamp" in catalogue))
        shop.delete(["lamp"])
        other.put([Product("late", {"title": "late zither"})])
        (directory / "tokens").write_text("tokens")
        assert not other.merge()  # one at a time

    assert shop.merge(finish)
    assert seen == [("generations", 402, True)]
    view = shop.view()
    assert (view.generation, view.version, view.delta_rows, view.retired) == (1, 3, 1, 1)
    assert "lamp" not in view.catalogue
    assert "late" in view.catalogue
    assert view.directory is not None
    assert (view.directory / "tokens").read_text() == "tokens"
    assert refreshed(other, 3, 1)
    assert content(other) == content(shop)


def test_a_merge_that_fails_changes_nothing(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.put([LAMP])

    def finish(directory: Path, catalogue: Catalogue) -> None:
        raise MachineError("no room for tokens")

    for _ in range(3):
        with pytest.raises(MachineError, match="no room for tokens"):
            shop.merge(finish)
    assert shop.view().generation == 0
    assert len(list((shop.directory / "log").iterdir())) == 2  # not one more for each attempt
    assert "lamp" in open_shop().view().catalogue
    assert shop.merge()
    assert "lamp" in open_shop().view().catalogue


def test_a_broken_generation_is_an_error_and_the_view_stays(open_shop: OpenShop) -> None:
    ours, theirs = open_shop(), open_shop()
    ours.put([LAMP])
    assert ours.merge()
    index = ours.directory / "generations" / "000001" / "vectors" / "index.faiss"
    whole = index.read_bytes()
    index.write_bytes(whole[:100])  # the file is written anew: ours has mapped it too, and searches it no more
    with pytest.raises(MachineError, match="vectors cannot be read"):
        refreshed(theirs, 1, 1)
    assert theirs.view().generation == 0
    assert theirs.view().catalogue.product("lamp") == LAMP
    index.write_bytes(whole)
    assert refreshed(theirs, 1, 1)


@pytest.mark.parametrize("size", [0, 100, 10_000_000])
def test_a_long_log_is_read_in_parts(size: int, open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch) -> None:
    def finish(directory: Path, catalogue: Catalogue) -> None:
        raise MachineError("not now")

    monkeypatch.setattr("retrieval.live.state._READ_AT_ONCE", size)
    ours, theirs = open_shop(), open_shop()
    for number in range(3):  # each in a segment of its own
        ours.put([Product(f"{letter} {number}", {"title": "lamp"}) for letter in "ab"])
        ours.delete([f"a {number}"])
        with pytest.raises(MachineError, match="not now"):
            ours.merge(finish)
    assert len(list((ours.directory / "log").iterdir())) == 4
    theirs.refresh()
    assert content(theirs) == content(ours) == content(open_shop())
    assert theirs.view().version == 6


def test_nothing_to_merge_and_nothing_left(open_shop: OpenShop, small_products: list[Product]) -> None:
    shop = open_shop()
    assert not shop.merge()
    shop.delete([product.id for product in small_products])
    assert shop.view().products == 0
    assert shop.view().retriever.search([Query("q", "lamp")], 5) == [[]]
    assert not shop.merge()
    shop.put([LAMP])
    assert shop.merge()
    assert content(shop) == {"lamp": dict(LAMP.fields)}


def test_what_belongs_to_a_generation_is_attached(open_shop: OpenShop) -> None:
    def attach(directory: Path | None, dense: DenseRetriever) -> object:
        return directory.name if directory else None, len(dense.catalogue)

    ours, theirs = open_shop(attach=attach), open_shop(attach=attach)
    assert ours.view().attached == (None, 400)
    ours.put([LAMP])
    ours.merge()
    assert ours.view().attached == ("000001", 401)
    assert refreshed(theirs, 1, 1)
    assert theirs.view().attached == ("000001", 401)


def test_files_removed_while_they_are_opened_are_looked_up_anew(open_shop: OpenShop) -> None:
    ours = open_shop()
    ours.put([LAMP])
    ours.merge()
    numbers = []

    def attach(directory: Path | None, _: DenseRetriever) -> object:
        assert directory is not None
        numbers.append(directory.name)
        if len(numbers) == 1:
            ours.put([Product("late", {"title": "late"})])
            ours.merge()
        (directory / "catalogue" / "catalogue.json").read_text()
        return None

    assert open_shop(attach=attach).view().products == 402
    assert numbers == ["000001", "000002"]


def test_searches_go_on_through_writes_and_merges(open_shop: OpenShop) -> None:
    ours, theirs = open_shop(), open_shop()
    ended, searched, failures = threading.Event(), [0], []

    def search(shop: LiveShop) -> None:
        while not ended.is_set():
            view = shop.view()
            hits = view.retriever.search([Query("q", "mauve lamp")], 20)[0]
            rows = [view.catalogue.row(hit.product_id) for hit in hits]
            if [product.id for product in view.catalogue.products(rows)] != [hit.product_id for hit in hits]:
                failures.append(view)
            if len(hits) != 20 or len(view.catalogue.ids) != view.products:
                failures.append(view)
            shop.refresh()
            searched[0] += 1

    threads = [threading.Thread(target=search, args=(shop,)) for shop in (ours, theirs)]
    for thread in threads:
        thread.start()
    try:
        for number in range(20):
            ours.put([Product(f"new {number % 7}", {"title": f"mauve lamp {number}"})])
            if number % 10 == 9:
                assert ours.merge()
        version = ours.delete(["new 1"])
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert searched[0] > 10
    assert refreshed(theirs, version, 2)
    assert content(theirs) == content(ours)


def test_a_closed_shop_answers_its_last_view(open_shop: OpenShop) -> None:
    shop = open_shop(first_stage="bm25")
    shop.put([LAMP])
    shop.close()
    shop.close()
    assert not shop.refresh()
    assert shop.view().retriever.search([Query("q", "mauve")], 5)[0][0].product_id == "lamp"
    with pytest.raises(MachineError, match="has been closed in this process"):
        shop.put([LAMP])
    with pytest.raises(MachineError, match="has been closed in this process"):
        shop.merge()


def test_damage_in_the_log_is_an_error_and_the_view_stays(open_shop: OpenShop) -> None:
    ours, theirs = open_shop(), open_shop()
    ours.put([LAMP])
    theirs.refresh()
    ours.put([Product("second", {"title": "second"})])
    ours.put([Product("third", {"title": "third"})])
    path = ours.directory / "log" / "00000001.wal"
    start = path.read_bytes().index(b"drw1", 1)
    broken = bytearray(path.read_bytes())
    broken[start + 40] ^= 1
    path.write_bytes(broken)
    with pytest.raises(MachineError, match=rf"00000001\.wal is damaged at byte {start}"):
        theirs.refresh()
    assert theirs.view().version == 1
    with pytest.raises(MachineError, match="is damaged at byte"):
        theirs.put([LAMP])
    with pytest.raises(MachineError, match="is damaged at byte"):
        open_shop()


@pytest.mark.parametrize(
    ("sequence", "payload", "message"),
    [
        (2, b"no change", "holds something else than a change at byte"),
        (3, Change(deleted=["lamp"]).payload, "change 3 at byte .*, expected 2: a part of the log is missing"),
        (2, Change([LAMP], np.ones((1, 5), np.float32)).payload, "holds vectors of length 5"),
    ],
)
def test_a_record_that_cannot_be_applied_stops_readers_and_writers(
    sequence: int, payload: bytes, message: str, open_shop: OpenShop
) -> None:
    shop = open_shop()
    shop.put([LAMP])
    log = Log(shop.directory / "log")
    log.append(1, log.path(1).stat().st_size, sequence, payload)
    for _ in range(2):
        with pytest.raises(MachineError, match=message):
            shop.refresh()
        with pytest.raises(MachineError, match=message):
            shop.put([LAMP])
    assert shop.view().version == 1


def test_a_missing_pointer_and_a_missing_part_of_the_log_are_errors(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.put([LAMP])
    (shop.directory / "CURRENT").rename(shop.directory / "kept")
    with pytest.raises(MachineError, match="holds a log but no CURRENT"):
        open_shop()
    with pytest.raises(MachineError, match="CURRENT has vanished"):
        shop.put([LAMP])
    (shop.directory / "kept").rename(shop.directory / "CURRENT")
    (shop.directory / "log" / "00000001.wal").unlink()
    with pytest.raises(MachineError, match=r"00000001\.wal is missing"):
        open_shop()


def test_a_writer_that_does_not_end_stops_others_only_for_a_while(open_shop: OpenShop, tmp_path: Path) -> None:
    shop, other = open_shop(), open_shop()
    shop.put([LAMP])
    with file_lock(tmp_path / "live" / "lock"):
        assert not other.refresh()  # the news wait
        assert other.view().version == 0
        with pytest.raises(LockedError, match="another process holds"), file_lock(tmp_path / "live/lock", seconds=0.05):
            pass
    assert other.refresh()


def test_a_new_index_of_the_run_keeps_the_live_changes(
    base: Base,
    open_shop: OpenShop,
    build_base: Callable[..., Base],
    small_products: list[Product],
    write_encoder: Callable[[Path, int], Path],
    tmp_path: Path,
) -> None:
    old = open_shop()
    gone, replaced, kept = small_products[1].id, small_products[2].id, small_products[10]
    old.put([LAMP, Product(replaced, {"title": "zither", "colour": "mauve"}), Product(kept.id, kept.fields)])
    old.delete([gone, small_products[3].id])
    old.merge()
    old.put([Product("late", {"title": "late lamp", "brand": "newcomer"})])
    old.delete([small_products[4].id, "nowhere"])
    served = old.view()

    # Built anew: without colours, with sizes, one deleted product gone for good, another encoder.
    template = ProductTemplate(("title", "brand", "size"))
    products = [
        Product(p.id, {"title": p["title"], "brand": p["brand"], "size": "XL"})
        for p in small_products
        if p.id != small_products[3].id
    ]
    encoder_dir = write_encoder(tmp_path / "encoder", 1)
    rebuilt = build_base(tmp_path / "rebuilt", products, encoder_dir, template)
    new = rebuilt.open(old.directory, "dense")
    expected = {p.id: dict(p.fields) for p in products if p.id not in (gone, small_products[4].id)}
    for product_id in (replaced, kept.id):
        del expected[product_id]
    expected["lamp"] = {"title": "mauve lamp", "brand": "newcomer", "size": ""}
    expected[replaced] = {"title": "zither", "brand": "", "size": ""}
    expected[kept.id] = {"title": kept["title"], "brand": kept["brand"], "size": ""}
    expected["late"] = {"title": "late lamp", "brand": "newcomer", "size": ""}
    assert content(new) == expected
    assert new.view().generation == 0
    assert new.view().version > served.version
    encoder = Encoder(str(encoder_dir), device="cpu")
    cosine = encoder.encode_products(["late lamp | newcomer"])[0] @ encoder.encode_queries(["lamp"])[0]
    assert new.view().retriever.score_products(Query("q", "lamp"), ["late"]) == [pytest.approx(cosine, abs=1e-5)]

    for refused in (old.refresh, lambda: old.put([LAMP]), old.merge):
        with pytest.raises(RebuiltError, match="built anew since this process opened it; open the run again"):
            refused()
    assert old.view() is served
    assert served.retriever.search([Query("q", "zither")], 3)[0][0].product_id == replaced
    new.put([Product("more", {"title": "more"})])
    again = rebuilt.open(old.directory, "dense")
    assert content(again) == content(new)
    assert again.merge()
    for shop in (new, again):
        shop.close()


def test_a_run_rebuilt_and_put_back_is_followed_again(
    base: Base,
    open_shop: OpenShop,
    build_base: Callable[..., Base],
    small_products: list[Product],
    tiny_encoder_dir: Path,
    template: ProductTemplate,
    tmp_path: Path,
) -> None:
    old, merged = open_shop(), open_shop()
    old.put([LAMP])
    other = build_base(tmp_path / "other", small_products[:50], tiny_encoder_dir, template).open(old.directory)
    other.put([Product("late", {"title": "late"})])
    back = open_shop()
    assert set(content(back)) == {product.id for product in small_products} | {"lamp", "late"}
    assert refreshed(old, back.view().version)
    assert content(old) == content(back)
    assert merged.put([LAMP]) > back.view().version
    with pytest.raises(RebuiltError):
        other.refresh()
    other.close()


def test_a_carrying_over_that_was_cut_short_is_done_again_or_forgotten(
    open_shop: OpenShop,
    build_base: Callable[..., Base],
    small_products: list[Product],
    tiny_encoder_dir: Path,
    template: ProductTemplate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = open_shop()
    old.put([LAMP])
    other = build_base(tmp_path / "other", small_products[:50], tiny_encoder_dir, template)

    def stopped(pointer: Pointer, directory: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Pointer, "write", stopped)
        with pytest.raises(KeyboardInterrupt):
            other.open(old.directory)
    left = old.directory / "log" / "00000003.wal"
    assert left.stat().st_size > 0
    old.delete(["lamp"])  # the old index is still the current one
    open_shop()
    assert not left.exists()
    old.put([Product("late", {"title": "late"})])
    new = other.open(old.directory)
    assert content(new).keys() == {product.id for product in small_products[:50]} | {"late"}
    new.close()


def test_changes_that_the_new_index_has_leave_the_log(
    open_shop: OpenShop,
    build_base: Callable[..., Base],
    small_products: list[Product],
    tiny_encoder_dir: Path,
    template: ProductTemplate,
    tmp_path: Path,
) -> None:
    old = open_shop()
    old.put([LAMP])
    old.delete([small_products[0].id])
    rebuilt = build_base(tmp_path / "rebuilt", [*small_products[1:], LAMP], tiny_encoder_dir, template)
    new = rebuilt.open(old.directory)
    assert (new.view().products, new.view().delta_rows, new.view().retired, new.view().version) == (400, 0, 0, 2)
    new.close()


def test_indexes_over_two_catalogues_are_refused(bases: dict[str, Base], tiny_encoder: Encoder, tmp_path: Path) -> None:
    one, other = (Catalogue.load(bases[kind].catalogue) for kind in ("flat", "hnsw"))
    dense = DenseRetriever.load(bases["flat"].vectors, tiny_encoder, one)
    with pytest.raises(InputError, match="over two catalogues"):
        LiveShop(dense, BM25Retriever.load(bases["hnsw"].bm25, other), tmp_path / "live")
