"""Write data/embedded/photographs: 19 photographs of 512 x 384 pixels under free licences, from published packages.

    python tools/embed_photographs.py

Each is scaled by Lanczos' filter to cover 512 x 384, and its middle is cut out. Same packages and same Pillow, same
bytes. The entry `photographs` of config/datasets.yaml takes its sizes and checksums from what this prints.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tenfold import paths
from tenfold.config import RawFile
from tenfold.data.archives import extract
from tenfold.data.packages import from_debian, from_pypi
from tenfold.provenance import sha256_of

SIZE = (512, 384)
TARGET = paths.EMBEDDED / "photographs"
LOMIRI = ("debian", "lomiri-wallpapers-16.04", "20.04.0-2")
LOMIRI_20 = ("debian", "lomiri-wallpapers-20.04", "20.04.0-2")
SCIKIT_IMAGE = ("pypi", "scikit-image", "0.26.0")
SCIKIT_LEARN = ("pypi", "scikit-learn", "1.9.1")
BACKGROUNDS = "usr/share/backgrounds"


@dataclass(frozen=True)
class Origin:
    """A photograph inside a package, who made it, and its licence as the package states it."""

    package: tuple[str, str, str]
    path: str
    author: str
    licence: str


ORIGINS = {
    "aizkorri": Origin(LOMIRI, f"{BACKGROUNDS}/aitzgorri_by_Aitzol_Berasategi.jpg", "Aitzol Berasategi", "CC-BY-4.0"),
    "astronaut": Origin(SCIKIT_IMAGE, "skimage/data/astronaut.png", "NASA", "public domain"),
    "bridge_cables": Origin(LOMIRI, f"{BACKGROUNDS}/Bridge_by_Sander_Klootwijk.jpg", "S. Klootwijk", "CC-BY-SA-4.0"),
    "china": Origin(SCIKIT_LEARN, "sklearn/datasets/images/china.jpg", "danielbuechele (Flickr)", "CC-BY-2.0"),
    "clock": Origin(LOMIRI, f"{BACKGROUNDS}/greentock_by_Peter_Nerlich.jpg", "Peter Nerlich", "CC-BY-SA-4.0"),
    "coffee": Origin(SCIKIT_IMAGE, "skimage/data/coffee.png", "Rachel Michetti", "CC0-1.0"),
    "dahlia": Origin(SCIKIT_LEARN, "sklearn/datasets/images/flower.jpg", "vultilion (Flickr)", "CC-BY-2.0"),
    "dandelion": Origin(LOMIRI, f"{BACKGROUNDS}/seeding_by_Clements_Engelhardt.jpg", "Clemens Engelhardt", "CC0-1.0"),
    "dogs": Origin(LOMIRI, f"{BACKGROUNDS}/friends_by_Aitzol_Berasategi.jpg", "Aitzol Berasategi", "CC-BY-4.0"),
    "dragonfly": Origin(LOMIRI, f"{BACKGROUNDS}/Dragonfly_by_Bolly.jpg", '"Bolly"', "CC-BY-SA-4.0"),
    "drum_wine": Origin(LOMIRI, f"{BACKGROUNDS}/Wine_by_Jakkub_Mede.jpg", "Jakub Mede", "CC-BY-4.0"),
    "fig_bowl": Origin(LOMIRI, f"{BACKGROUNDS}/Picture_0B_by_freespace.jpg", 'Trevor "Freespace"', "CC-BY-4.0"),
    "lamp_bird": Origin(LOMIRI, f"{BACKGROUNDS}/free_by_Peter_Nerlich.jpg", "Peter Nerlich", "CC-BY-SA-4.0"),
    "nuthatch": Origin(LOMIRI_20, f"{BACKGROUNDS}/Kleiber_by_Lukas_Baubkus.jpg", "Lukas Baubkus", "CC-BY-SA-3.0"),
    "paint_brushes": Origin(LOMIRI, f"{BACKGROUNDS}/Picture_1A_by_freespace.jpg", 'Trevor "Freespace"', "CC-BY-4.0"),
    "picos": Origin(LOMIRI, f"{BACKGROUNDS}/picosdeeuropa_by_Aitzol_Berasategi.jpg", "Aitzol Berasategi", "CC-BY-4.0"),
    "rocket": Origin(SCIKIT_IMAGE, "skimage/data/rocket.jpg", "SpaceX", "public domain"),
    "stream": Origin(LOMIRI, f"{BACKGROUNDS}/life_by_Aitzol_Berasategi.jpg", "Aitzol Berasategi", "CC-BY-4.0"),
    "sunset": Origin(LOMIRI, f"{BACKGROUNDS}/sunset_by_Aitzol_Berasategi.jpg", "Aitzol Berasategi", "CC-BY-4.0"),
}  # fmt: skip


def main() -> None:
    """Fetch the packages, cut the photographs, write them and their README."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        for number, package in enumerate(dict.fromkeys(origin.package for origin in ORIGINS.values())):
            folder = Path(scratch, str(number))
            folder.mkdir()
            registry, name, version = package
            archive = (from_debian if registry == "debian" else from_pypi)(name, version, folder)
            wanted = {stem: origin for stem, origin in ORIGINS.items() if origin.package == package}
            extract(archive, [RawFile(path=origin.path) for origin in wanted.values()], folder)
            for stem, origin in wanted.items():
                with Image.open(folder / Path(origin.path).name) as image:
                    cut(image.convert("RGB")).save(TARGET / f"{stem}.png", optimize=True)
    (TARGET / "README.md").write_text(_readme(), encoding="utf-8")
    for path in sorted(TARGET.glob("*.png")):
        print(f"        - path: photographs/{path.name}")
        print(f"          sha256: {sha256_of(path)}")
        print(f"          size: {path.stat().st_size}")


def cut(image: Image.Image) -> Image.Image:
    """The middle 512 x 384 of an image scaled to cover them."""
    width, height = SIZE
    factor = max(width / image.width, height / image.height)
    scaled = (round(factor * image.width), round(factor * image.height))
    resized = image.resize(scaled, Image.Resampling.LANCZOS)
    left, top = (resized.width - width) // 2, (resized.height - height) // 2
    return resized.crop((left, top, left + width, top + height))


def _readme() -> str:
    rows = "\n".join(
        f"| `{stem}.png` | {origin.author} | {origin.licence} | {' '.join(origin.package)}: `{origin.path}` |"
        for stem, origin in sorted(ORIGINS.items())
    )
    return f"""# Nineteen photographs

Reference photographs of 512 x 384 pixels, made by `python tools/embed_photographs.py`: scaled to cover that size, and
the middle cut out. They are adaptations of the works below and stay under the licence of each, apart from that of the
program; whoever hands them on names the author and, for CC-BY-SA, keeps the licence.

| file | author | licence, as the package states it | package and file |
|---|---|---|---|
{rows}

Licences: https://creativecommons.org/licenses/by/4.0/, .../by/2.0/, .../by-sa/4.0/, .../by-sa/3.0/ and
https://creativecommons.org/publicdomain/zero/1.0/.
"""


if __name__ == "__main__":
    main()
