"""The checksum of the function's code: the polynomial, and which files it is of."""

from pathlib import Path

from express_sync.local.fc.code_checksum import code_summary, crc64


def test_polynomial_is_that_of_ecma_182() -> None:
    """The check value of CRC-64/XZ, from the catalogue of CRC algorithms."""
    assert crc64(b"123456789") == 0x995DC9BBDF1939FA


def test_checksum_changes_with_the_code_only(tmp_path: Path) -> None:
    module = tmp_path / "app" / "entry.py"
    module.parent.mkdir()
    module.write_text("a = 1", encoding="utf-8")
    (tmp_path / "other.py").write_text("b = 1", encoding="utf-8")
    first = code_summary(tmp_path, "app.entry.handle")
    (tmp_path / "other.py").write_text("b = 2", encoding="utf-8")
    assert (code_summary(tmp_path, "app.entry.handle"), first.size) == (first, 5)
    module.write_text("a = 2", encoding="utf-8")
    assert code_summary(tmp_path, "app.entry.handle").checksum != first.checksum


def test_module_without_a_package_has_a_checksum(tmp_path: Path) -> None:
    (tmp_path / "index.py").write_text("def handle(): ...", encoding="utf-8")
    assert code_summary(tmp_path, "index.handle").size > 0
