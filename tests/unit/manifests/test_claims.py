"""The index of own people is exact: what it keeps of a key may be the same for two people, what it answers never is."""

from collections.abc import Callable, Mapping

import pytest

from reconciler.manifests.claims import Claims

Hash = Callable[[str], int]
PEOPLE = {"acme": {"eve", "bob"}, "globex": {"eve", "carol"}, "initech": {"eve", "bob", "dan"}, "hooli": {"gavin"}}


def indexed(people: Mapping[str, set[str]], hashed: Hash = hash) -> Claims:
    claims = Claims(lambda key: hashed(key) & 0xFFFFFFFF)
    for name, keys in people.items():
        claims.add(name, [hashed(key) & 0xFFFFFFFF for key in sorted(keys)])
    return claims


@pytest.mark.parametrize(
    "hashed", [hash, len, lambda _: 0, lambda _: -1, lambda key: ord(key[0]) << 40], ids=["own", "length", "0", "-1", "high"]
)
def test_whatever_the_hash_the_answer_is_the_same(hashed: Hash) -> None:
    assert indexed(PEOPLE, hashed).shared(PEOPLE.__getitem__) == {"eve": ("acme", "globex", "initech"), "bob": ("acme", "initech")}


def test_organizations_are_sorted_in_whatever_order_they_came() -> None:
    backwards = dict(reversed(PEOPLE.items()))
    assert indexed(backwards).shared(PEOPLE.__getitem__)["eve"] == ("acme", "globex", "initech")


def test_two_people_of_one_organization_with_one_hash_are_nobody_twice() -> None:
    asked: list[str] = []

    def keys_of(name: str) -> set[str]:
        asked.append(name)
        return PEOPLE[name]

    assert indexed({"acme": PEOPLE["acme"]}, lambda _: 7).shared(keys_of) == {}
    assert asked == []


def test_only_organizations_that_may_share_somebody_are_asked_and_each_once() -> None:
    asked: list[str] = []

    def keys_of(name: str) -> set[str]:
        asked.append(name)
        return PEOPLE[name]

    indexed(PEOPLE).shared(keys_of)
    assert asked == ["acme", "globex", "initech"]


def test_who_does_not_count_is_left_out_when_the_organization_is_asked_again() -> None:
    counted = PEOPLE | {"globex": {"carol"}, "initech": {"dan"}}
    assert indexed(PEOPLE).shared(counted.__getitem__) == {}
    assert Claims().shared(counted.__getitem__) == {}
