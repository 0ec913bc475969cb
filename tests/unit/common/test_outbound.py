"""Which addresses may be reached from here when somebody else chose them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as some

from common.outbound import networks, permitted


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("100.64.0.1", "169.254.1.1", "169.254.169.254", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
        *("224.0.0.1", "255.255.255.255", "240.0.0.1"),
        *("::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::7f00:1"),
        *("64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::", "2002:7f00:1::1", "fd00:ec2::254", "2001::1"),
    ],
)
def test_what_is_not_the_internets_is_closed(address: str) -> None:
    assert not permitted(ip_address(address), ())


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_the_internet_is_open(address: str) -> None:
    assert permitted(ip_address(address), ())


@pytest.mark.parametrize(
    ("allowed", "address", "open_now"),
    [
        ("127.0.0.0/8", "127.0.0.1", True),
        ("127.0.0.0/8", "::ffff:127.0.0.1", True),
        ("127.0.0.0/8", "::1", False),
        ("127.0.0.0/8, ::1", "::1", True),
        ("10.0.0.0/8", "10.2.3.4", True),
        ("10.0.0.0/8", "192.168.0.1", False),
        ("0.0.0.0/0, ::/0", "169.254.169.254", False),
        ("169.254.0.0/16", "::ffff:169.254.169.254", False),
        ("169.254.169.254", "169.254.169.254", True),
    ],
)
def test_an_operator_opens_networks_and_metadata_only_by_its_exact_address(
    allowed: str, address: str, *, open_now: bool
) -> None:
    assert permitted(ip_address(address), networks(allowed)) is open_now


@given(some.integers(0, 2**32 - 1))
def test_an_address_is_judged_alike_in_whatever_form_it_comes(number: int) -> None:
    plain = permitted(IPv4Address(number), ())

    assert permitted(IPv6Address((0xFFFF << 32) | number), ()) is plain
    assert permitted(IPv6Address((0x64FF9B << 96) | number), ()) is plain


def test_what_is_no_network_is_not_taken_for_one() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        networks("10.0.0.1/8")
