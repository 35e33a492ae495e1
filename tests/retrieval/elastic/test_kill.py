"""SIGKILL while an index is filled: the next run ends with every product in it, once."""

import subprocess
import sys
from pathlib import Path

from fake_elastic import FakeElastic

from retrieval.catalogue import Catalogue

SCRIPT = Path(__file__).with_name("build_slowly.py")


def test_a_killed_process(catalogue: Catalogue, tmp_path: Path) -> None:
    with FakeElastic() as node:
        command = [sys.executable, str(SCRIPT), str(catalogue.path), str(tmp_path / "elastic"), node.url]
        after = 30
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
            assert killed.stdout is not None
            while int(killed.stdout.readline()) < after:
                pass
            killed.kill()
        assert node.store.aliased("shop") == []
        before = len(node.requests)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        acknowledged = int(done.stdout.splitlines()[0])
        assert acknowledged >= after
        (index,) = node.store.aliased("shop")
        assert sorted(index.searchable) == sorted(catalogue.ids)
        sent = sum(len(r.lines()) // 2 for r in node.requests[before:] if r.path.endswith("_bulk"))
        assert sent == len(catalogue) - acknowledged
