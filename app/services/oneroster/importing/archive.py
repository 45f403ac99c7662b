"""Opening a bundle: the zip, its manifest, and which files there are. Whatever is wrong with them is said at once."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from flask_babel import gettext as _

from app.services.csv_files.reading import SHOWN, Fault, Unreadable
from app.services.files import DAMAGED
from app.services.oneroster.standard import (
    MANIFEST,
    MANIFEST_HEADER,
    MANIFEST_VERSION,
    MODES,
    SOURCE_PROPERTIES,
    STANDARDS,
    File,
    Mode,
    Standard,
)

MOST_ENTRIES = 1000
MOST_BYTES = 1024 * 1024 * 1024  # of all files, unpacked
MOST_MANIFEST_BYTES = 64 * 1024
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that every program knows
ENCRYPTED = 0x1 | 0x40  # flags of an entry: by a password, and in the stronger way
ENTRY = b"PK\x01\x02"  # begins each entry of a zip's directory
DEFAULT_SOURCE = "OneRoster"
LONGEST_SOURCE = 255


@dataclass(frozen=True)
class Bundle:
    """A bundle whose manifest is understood. `modes` has the files that are in it, by name."""

    zip: zipfile.ZipFile
    standard: Standard
    source: str
    modes: dict[str, Mode]

    def files(self) -> list[File]:
        return [file for name, file in self.standard.files.items() if name in self.modes]

    def open(self, name: str) -> IO[bytes]:
        return self.zip.open(name)

    def bytes(self) -> int:
        """The size of all files, unpacked."""
        return sum(self.zip.getinfo(name).file_size for name in self.modes)


def open_bundle(content: bytes) -> tuple[Bundle, list[Fault]]:
    """The bundle, and what is wrong with its manifest and its files. Raises Unreadable for what is no zip, is too large,
    or has no manifest that tells the version.
    """
    archive = _open(content)
    names = Counter(info.filename for info in archive.infolist())
    properties, faults = _manifest(archive, names)
    standard = STANDARDS.get(properties.get("oneroster.version", ""))
    if standard is None:
        raise Unreadable(*faults, _unknown_version(properties.get("oneroster.version", "")))
    faults += _manifest_faults(properties, standard)
    faults += _stray_files(names, standard)
    faults += _absent_and_present(properties, names, standard)
    modes: dict[str, Mode] = {}
    for name, file in standard.files.items():
        mode = properties.get(file.property_name)
        if name in names and mode in MODES:
            modes[name] = mode if mode != "absent" else "bulk"  # it is read all the same, to tell what is wrong in it
    source = properties.get("source.systemCode") or properties.get("source.systemName") or DEFAULT_SOURCE
    return Bundle(archive, standard, source[:LONGEST_SOURCE], modes), faults


def fault(file: str, rule: str, fix: str, value: str = "", line: int = 1, column: str = "") -> Fault:
    return Fault(line, column, value[:SHOWN], rule, fix, file)


def _open(content: bytes) -> zipfile.ZipFile:
    if content.count(ENTRY) > MOST_ENTRIES:
        raise Unreadable(fault("", _("The zip has far too many files in it."), _("Pack the files of one bundle only.")))
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, UnicodeError) as error:
        rule, fix = _("This is no zip file, or it is damaged."), _("Upload the bundle as the one zip file that it is.")
        raise Unreadable(fault("", rule, fix)) from error
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        rule, fix = _("The zip is encrypted."), _("Pack it without a password.")
        raise Unreadable(fault("", rule, fix))
    unusual = next((entry.filename for entry in entries if entry.compress_type not in METHODS), None)
    if unusual is not None:
        rule = _("A file of the zip is compressed in an unusual way.")
        raise Unreadable(fault("", rule, _("Pack it as an ordinary zip, which uses “Deflate”."), unusual))
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        rule, fix = _("The files are larger than 1 GB when unpacked."), _("Send them in parts, as delta bundles.")
        raise Unreadable(fault("", rule, fix))
    return archive


def _manifest(archive: zipfile.ZipFile, names: Counter[str]) -> tuple[dict[str, str], list[Fault]]:
    if MANIFEST not in names:
        inner = next((name for name in names if name.endswith(f"/{MANIFEST}")), "")
        if inner:
            rule, fix = _("The manifest is in a folder of the zip."), _("Pack the files themselves, without a folder.")
        else:
            rule, fix = _("There is no manifest.csv in the zip."), _("Add it: it tells the version and the files.")
        raise Unreadable(fault(MANIFEST, rule, fix, inner))
    try:
        with archive.open(MANIFEST) as stream:
            raw = stream.read(MOST_MANIFEST_BYTES + 1)
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error, *DAMAGED) as error:
        raise Unreadable(fault(MANIFEST, _("The manifest cannot be read."), _("Save it as CSV in UTF-8."))) from error
    if len(raw) > MOST_MANIFEST_BYTES or any("\0" in cell for row in rows for cell in row):
        raise Unreadable(fault(MANIFEST, _("The manifest cannot be read."), _("Save it as CSV in UTF-8.")))
    return _properties(rows)


def _properties(rows: list[list[str]]) -> tuple[dict[str, str], list[Fault]]:
    faults, properties = [], {}
    if not rows or tuple(rows[0]) != MANIFEST_HEADER:
        shown = ",".join(rows[0]) if rows else ""
        rule = _("The first line must be: %(header)s.", header=",".join(MANIFEST_HEADER))
        faults.append(fault(MANIFEST, rule, _("Correct the header."), shown))
    for line, row in enumerate(rows, start=1):
        if line == 1 and tuple(row) == MANIFEST_HEADER:
            continue
        if len(row) != len(MANIFEST_HEADER):
            if line > 1 and any(row):
                rule = _("A row of the manifest has two cells.")
                faults.append(fault(MANIFEST, rule, _("Correct the row."), ",".join(row), line))
        elif row[0] in properties:
            faults.append(
                fault(MANIFEST, _("This property comes twice."), _("Keep one of them."), row[0], line, "propertyName")
            )
        else:
            properties[row[0]] = row[1].strip()
    return properties, faults


def _manifest_faults(properties: dict[str, str], standard: Standard) -> Iterator[Fault]:
    if properties.get("manifest.version") != MANIFEST_VERSION:
        rule = _("manifest.version must be %(version)s.", version=MANIFEST_VERSION)
        yield fault(MANIFEST, rule, _("Correct the row."), properties.get("manifest.version", ""))
    expected = [file.property_name for file in standard.files.values()]
    for name in expected:
        if name not in properties:
            rule = _("There is no row for %(name)s.", name=name)
            yield fault(MANIFEST, rule, _("Add it: absent, bulk or delta."), name, column="propertyName")
        elif properties[name] not in MODES:
            rule = _("%(name)s must be absent, bulk or delta.", name=name)
            yield fault(MANIFEST, rule, _("Correct the row."), properties[name], column="value")
    for name in properties:
        if name not in expected and name not in {"manifest.version", "oneroster.version", *SOURCE_PROPERTIES}:
            rule = _("OneRoster %(version)s has no such property.", version=standard.version)
            yield fault(MANIFEST, rule, _("Remove the row."), name, column="propertyName")


def _stray_files(names: Counter[str], standard: Standard) -> Iterator[Fault]:
    for name, count in names.items():
        if "/" in name or "\\" in name:
            rule = _("All files must be at the top of the zip, in no folder.")
            yield fault("", rule, _("Pack the files themselves, without a folder."), name)
        elif name != MANIFEST and name not in standard.files:
            rule = _("OneRoster %(version)s has no such file.", version=standard.version)
            yield fault("", rule, _("Remove it from the zip; names are exact, capitals included."), name)
        if count > 1:
            yield fault("", _("This file is in the zip twice."), _("Keep one of them."), name)


def _absent_and_present(properties: dict[str, str], names: Counter[str], standard: Standard) -> Iterator[Fault]:
    for name, file in standard.files.items():
        mode = properties.get(file.property_name)
        if mode in {"bulk", "delta"} and name not in names:
            rule = _("The manifest names this file, and it is not in the zip.")
            yield fault(name, rule, _("Add the file, or mark it absent."))
        elif mode == "absent" and name in names:
            rule = _("The manifest says that this file is absent, and it is in the zip.")
            yield fault(name, rule, _("Mark it bulk or delta, or remove the file."))


def _unknown_version(version: str) -> Fault:
    rule = _("oneroster.version must be one of: %(versions)s.", versions=", ".join(STANDARDS))
    return fault(MANIFEST, rule, _("Correct the row in the manifest."), version, column="value")
