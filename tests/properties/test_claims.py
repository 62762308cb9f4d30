"""The compact index of own people answers as a plain comparison of all addresses would."""

from collections.abc import Callable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.claims import Claims

KEYS = st.sampled_from([f"{name}@{domain}.example" for name in ("a", "bb", "ccc", "straße") for domain in ("x", "yy")])
ORGANIZATIONS = st.dictionaries(st.text("abcd-", min_size=1, max_size=3), st.frozensets(KEYS), max_size=8)
HASHES = st.sampled_from([hash, len, lambda _: 0, lambda key: -len(key) << 31, lambda key: sum(map(ord, key)) % 3])


def compared(people: Mapping[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    everybody = {key for keys in people.values() for key in keys}
    places = {key: tuple(sorted(name for name, keys in people.items() if key in keys)) for key in everybody}
    return {key: names for key, names in places.items() if len(names) > 1}


@given(ORGANIZATIONS, HASHES, st.data())
def test_the_index_finds_exactly_who_is_shared(
    people: Mapping[str, frozenset[str]], hashed: Callable[[str], int], data: st.DataObject
) -> None:
    claims = Claims(lambda key: hashed(key) & 0xFFFFFFFF)
    for name, keys in people.items():
        claims.add(name, [hashed(key) & 0xFFFFFFFF for key in keys])
    counted = {name: data.draw(st.frozensets(st.sampled_from(sorted(keys)))) if keys else keys for name, keys in people.items()}
    assert claims.shared(people.__getitem__) == compared(people)
    assert claims.shared(counted.__getitem__) == compared(counted)
