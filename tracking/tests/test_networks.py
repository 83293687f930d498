import pytest

from tracking.networks import RangeList, known_ranges, locate, read_ranges


@pytest.mark.parametrize(
    ("address", "located"),
    [
        ("66.249.79.255", ("", "66.249.79.0/24")),
        ("66.249.80.0", ("google", "66.249.80.0/24")),
        ("66.249.95.255", ("google", "66.249.95.0/24")),
        ("66.249.96.0", ("", "66.249.96.0/24")),
        ("209.222.82.200", ("barracuda", "209.222.82.0/24")),
        ("2a01:111:f400:7c10::1", ("m365-scanner", "2a01:111:f400::/48")),
        ("2a01:111:f401::1", ("", "2a01:111:f401::/48")),
        ("::ffff:74.125.1.2", ("google", "74.125.1.0/24")),
        ("0.0.0.0", ("", "0.0.0.0/24")),
        ("", ("", "")),
        ("testserver", ("", "")),
        ("1.2.3.4:80", ("", "")),
    ],
)
def test_an_address_is_labelled_whole_and_kept_truncated(address, located):
    assert locate(address) == located


def test_a_list_without_ranges_labels_nothing():
    assert RangeList([]).label(5) == ""


def test_ranges_that_overlap_are_refused_by_name():
    with pytest.raises(ValueError, match="of one and of two"):
        RangeList([(5, 9, "two"), (1, 5, "one")])


def test_a_list_is_read_from_a_file(tmp_path):
    path = tmp_path / "networks.csv"
    path.write_text("network,label\n10.0.0.0/8,inner\n")
    ranges = read_ranges(path)
    assert ranges[4].label(int.from_bytes(bytes([10, 1, 1, 1]))) == "inner"
    assert ranges[6].label(1) == ""
    assert known_ranges()[4].firsts  # the one that ships is not empty
