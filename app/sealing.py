"""Personal numbers at rest: sealed so that only the keys open them, indexed so that equals are found.

A sealed value is AES-256-GCM over the text, bound by its associated data to
table, column, row and key: moved to another place it does not open. The
blind index is HMAC-SHA-256 under a key of its own per column, so equality
can be asked of the table and nothing else can.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBroken(Exception):
    """A sealed value does not open here: another key, another place, or altered bytes."""


@dataclass
class Sealer:
    """Seals with the newest key, opens with any of ``keys`` (id → 32 bytes)."""

    keys: dict[str, bytes]
    index_key: bytes
    _boxes: dict[str, AESGCM] = field(init=False)
    _column_keys: dict[str, bytes] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if not self.keys or any(len(k) != KEY_BYTES for k in (*self.keys.values(), self.index_key)):
            raise ValueError("sealing keys are 32 bytes each, and there is at least one")
        self._boxes = {key_id: AESGCM(key) for key_id, key in self.keys.items()}

    @property
    def newest(self) -> str:
        return max(self.keys)

    def seal(self, text: str, table: str, column: str, row: str) -> bytes:
        """``key id | nonce | ciphertext`` as bytes."""
        return self.seal_bytes(text.encode(), table, column, row)

    def seal_bytes(self, data: bytes, table: str, column: str, row: str) -> bytes:
        """The same of a file."""
        key_id, nonce = self.newest, os.urandom(_NONCE_BYTES)
        sealed = self._boxes[key_id].encrypt(nonce, data, _place(table, column, row, key_id))
        return key_id.encode() + b"|" + nonce + sealed

    def open(self, sealed: bytes, table: str, column: str, row: str) -> str:
        """The text, or SealBroken."""
        try:
            return self.open_bytes(sealed, table, column, row).decode()
        except UnicodeDecodeError:
            raise SealBroken("altered, or moved from another place") from None

    def open_bytes(self, sealed: bytes, table: str, column: str, row: str) -> bytes:
        """The file that ``seal_bytes`` was given, or SealBroken."""
        key_id, _, rest = bytes(sealed).partition(b"|")
        box = self._boxes.get(key_id.decode(errors="replace"))
        if box is None:
            raise SealBroken("no key of that name")
        try:
            place = _place(table, column, row, key_id.decode())
            return box.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError):
            raise SealBroken("altered, or moved from another place") from None

    def index(self, text: str, column: str) -> bytes:
        """32 bytes that are equal for equal texts of one column."""
        key = self._column_keys.get(column)
        if key is None:
            key = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"blind index " + column.encode()).derive(self.index_key)
            self._column_keys[column] = key
        return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _place(table: str, column: str, row: str, key_id: str) -> bytes:
    return "\x1f".join((table, column, row, key_id)).encode()


_sealer: Sealer | None = None


def use(sealer: Sealer) -> None:
    """Make ``sealer`` the one that the models use; called once by create_app."""
    global _sealer
    _sealer = sealer


def sealer() -> Sealer:
    if _sealer is None:
        raise RuntimeError("no sealing keys loaded")
    return _sealer
