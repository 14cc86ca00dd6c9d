"""The keys of a source, by kind."""


class DialectKeys:
    """The keys a source accepts. Several of a kind during a rotation; any may match. No repr shows a value.

    Args:
        by_kind: Keys as they are written, under the names of `KeyKind`: ``envelope_secrets=(b"...",)``.
    """

    __slots__ = ("_by_kind", "kinds")

    def __init__(self, **by_kind: tuple[bytes, ...]) -> None:
        self._by_kind = {kind: keys for kind, keys in by_kind.items() if keys}
        self.kinds = frozenset(self._by_kind)

    def __getitem__(self, kind: str) -> tuple[bytes, ...]:
        return self._by_kind.get(kind, ())

    def __contains__(self, kind: str) -> bool:
        return kind in self._by_kind

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DialectKeys) and self._by_kind == other._by_kind

    def __hash__(self) -> int:
        return hash(frozenset(self._by_kind.items()))

    def __repr__(self) -> str:
        return f"DialectKeys({', '.join(f'{kind}=<{len(keys)}>' for kind, keys in self._by_kind.items())})"
