"""What an index says of itself (manifest.json beside it): no index is searched with the wrong model or catalogue."""

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from eval.errors import InputError, MachineError
from eval.files import read_json, write_json
from retrieval.catalogue import Catalogue
from retrieval.product_text import ProductTemplate

FORMAT = 2
_SAMPLE = 1024


@dataclass(frozen=True)
class IndexManifest:
    """How an index was made.

    `kind` is "bm25" or one of `retrieval.index_kinds.KINDS`; `count` the number of products; `dimension` that of the
    vectors, or the number of words for BM25; `encoder` the fingerprint of what turns text into vectors or words;
    `fields`, `max_characters` and `times` the product template; `catalogue` the signature of the product ids. Of a
    vector index, `probes` is the number of cells that a search looks into (0: it has none), and `recall` the share of
    the exact best 100 that it finds, measured when it was built (1 for what is exact).
    """

    kind: str
    count: int
    dimension: int
    encoder: str
    fields: tuple[str, ...]
    max_characters: int
    times: tuple[int, ...]
    catalogue: str
    probes: int = 0
    recall: float = 1.0

    @classmethod
    def describe(
        cls, kind: str, dimension: int, encoder: str, template: ProductTemplate, catalogue: Catalogue
    ) -> "IndexManifest":
        """The manifest of an index over all of `catalogue`."""
        signature = catalogue_signature(catalogue)
        return cls(
            kind,
            len(catalogue),
            dimension,
            encoder,
            template.fields,
            template.max_characters,
            template.times,
            signature,
        )

    @property
    def template(self) -> ProductTemplate:
        """How a product becomes the text that is indexed."""
        return ProductTemplate(self.fields, self.max_characters, self.times)

    def write(self, directory: Path) -> None:
        """Write manifest.json."""
        write_json(directory / "manifest.json", {"format": FORMAT, **asdict(self)})

    @classmethod
    def read(cls, directory: Path) -> "IndexManifest":
        """Read manifest.json.

        Raises:
            MachineError: it is missing, broken, or of another format.
        """
        stored = read_json(directory / "manifest.json")
        if not isinstance(stored, dict) or stored.get("format") != FORMAT or set(stored) != _KEYS:
            raise MachineError(f"{directory} is no index of this version of distilrank; build the index again")
        values = {name: value for name, value in stored.items() if name != "format"}
        return cls(**{**values, "fields": tuple(values["fields"]), "times": tuple(values["times"])})

    def check_encoder(self, encoder: str, directory: Path) -> None:
        """Refuse an index that another encoder built: its scores would be noise.

        Raises:
            InputError: the fingerprints differ.
        """
        if self.encoder != encoder:
            raise InputError(
                f"the index {directory} was built with another encoder ({self.encoder}, now {encoder}: model, maximal "
                "length or prefixes differ); build the index again or configure that encoder"
            )

    def check_catalogue(self, catalogue: Catalogue) -> None:
        """Refuse a catalogue other than the indexed one: its hits would be the wrong products.

        Raises:
            InputError: the numbers of products or their ids differ.
        """
        if self.count != len(catalogue) or self.catalogue != catalogue_signature(catalogue):
            raise InputError(
                f"the {self.kind} index holds {self.count} products of another catalogue than this one of "
                f"{len(catalogue)}; build the index again"
            )


_KEYS = {"format", *(field.name for field in fields(IndexManifest))}


def catalogue_signature(catalogue: Catalogue) -> str:
    """16 hex digits over the number of products and 1,024 ids spread evenly: cheap for any size."""
    count = len(catalogue)
    rows = sorted({place * count // _SAMPLE for place in range(_SAMPLE)} | {count - 1}) if count else []
    digest = hashlib.sha256(str(count).encode())
    for row in rows:
        digest.update(b"\0" + catalogue.ids[row].encode())
    return digest.hexdigest()[:16]
