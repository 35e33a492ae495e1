"""Fetch the description of Elasticsearch's API that Elastic publishes in the npm package @elastic/request-converter.

    python tests/elastic_api/fetch.py OUT.json

With npm where there is one (it knows the machine's registry), else over HTTPS. Only the bytes that were reviewed are
taken. Where it cannot be had, the tests that need it are skipped and say so; on CI it is an error.
"""

import base64
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path

VERSION = "9.5.0"
INTEGRITY = "PEcvvCtE/pthy+WWQ4AELymWMOLHTm7yjANDMozcmIY8NT9vTlJmeEGL/0fD3lQ1lCkriPrZwallasDRj3vX+w=="
_MEMBER = "package/dist/schema.json"


def main(out: Path) -> int:
    """Write the schema to `out`, unless it is there; 0 also where it cannot be had outside CI."""
    if out.exists():
        return 0
    try:
        packed = _packed()
        if base64.b64encode(hashlib.sha512(packed).digest()).decode() != INTEGRITY:
            raise OSError(f"@elastic/request-converter {VERSION} is not the package that was reviewed")
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            member = archive.extractfile(_MEMBER)
            assert member is not None
            schema = member.read()
    except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
        on_ci = bool(os.environ.get("CI"))
        then = "which CI cannot do without" if on_ci else "so the tests that need it are skipped"
        print(f"Elasticsearch's API schema could not be fetched ({error}), {then}", file=sys.stderr)
        return int(on_ci)
    beside = out.with_suffix(".tmp")
    beside.write_bytes(schema)
    beside.rename(out)
    return 0


def _packed() -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        registry = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")
        url = f"{registry}/@elastic/request-converter/-/request-converter-{VERSION}.tgz"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()
    with tempfile.TemporaryDirectory() as directory:
        command = [npm, "pack", f"@elastic/request-converter@{VERSION}", "--silent"]
        subprocess.run(command, cwd=directory, check=True, timeout=120, stdout=subprocess.DEVNULL)
        return next(Path(directory).glob("*.tgz")).read_bytes()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
