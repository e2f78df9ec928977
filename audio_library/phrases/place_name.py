"""The name of a unit as it stands within a sentence."""

_KINDS = frozenset(
    ("Tỉnh", "Xã", "Phường", "Đặc", "Thôn", "Làng", "Tổ", "Bản", "Buôn", "Khu", "Ấp", "Xóm")
)
"""First words of what the state calls its units: a word like others, no name."""


def within_a_sentence(name: str) -> str:
    """`Xã Đăk Hà` → `xã Đăk Hà`; a bare name keeps its capital."""
    kind, _, rest = " ".join(name.split()).partition(" ")
    return f"{kind.lower()} {rest}" if rest and kind in _KINDS else name
