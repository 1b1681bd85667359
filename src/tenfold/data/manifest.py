"""stub"""
from pathlib import Path
def is_present(folder: Path) -> bool:
    return (folder / "manifest.json").exists()
def content_digest(folder: Path) -> str:
    return "stub"
