"""What is exported without loss and imported again is equal: content, key, title, topic, tags, media."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms.assessments import formats
from lms.assessments.formats import Outgoing, Source
from tests.assessments.generated import PICTURES, outgoing


@pytest.mark.parametrize("name", formats.WRITABLE)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(made=st.lists(outgoing(), min_size=1, max_size=2, unique_by=lambda one: one[0].code))
def test_generated_items_come_back_equal(name: str, made: list[tuple[Outgoing, str]]) -> None:
    form = formats.WRITABLE[name]
    data, told = form.write([one for one, _ in made])
    assert [row.code for row in told] == [one.code for one, _ in made]
    if all(row.is_refused for row in told):
        return
    source = Source(data)
    assert formats.detect(source) is form
    found = {read.code: read for read in formats.read_items(source)}
    for (one, digest), row in zip(made, told, strict=True):
        if row.is_refused:
            assert one.code not in found
            continue
        back = found[one.code]
        assert back.fields is not None, back.reason
        if row.notes:
            continue
        assert (back.digest, back.meta) == (digest, one.meta)
        for medium in back.media.values():
            assert PICTURES[medium.digest] == medium


@pytest.mark.parametrize("name", formats.WRITABLE)
def test_the_same_items_make_the_same_bytes(name: str) -> None:
    form = formats.WRITABLE[name]
    assert form.write([]) == form.write([])
