"""Whose X-Forwarded-* headers are trusted."""

import functools
import ipaddress


def normalized(texts):
    """Addresses and networks as all servers read them: some ignore a network with host bits, or * beside others."""
    if "*" in texts:
        return ["*"]
    return [str(ipaddress.ip_network(text, strict=False)) if "/" in text else text for text in texts]


class Trusted(list):
    """Texts of addresses and networks, among which is what one of them holds.

    Releases of servers that know no networks ask whether the text of an address is in a list.
    """

    def __init__(self, texts):
        super().__init__(texts)
        self._networks = [network for network in map(network_of, texts) if network is not None]
        self._holds = functools.lru_cache(maxsize=4096)(self._look)

    def __contains__(self, text):
        return self._holds(text)

    def _look(self, text):
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return super().__contains__(text)
        return any(address in network for network in self._networks)

    def client(self, peer, forwarded):
        """Whose request it is. `peer`: the address that it came from, empty for a unix socket. `forwarded`: its
        X-Forwarded-For, None where there is none."""
        if not forwarded or not (peer == "" or "*" in self or peer in self):
            return peer
        # Each proxy appends the address that it was asked from.
        hosts = [host_of(text.strip()) for text in forwarded.split(",")]
        if "*" in self:
            return hosts[0]
        return next((host for host in reversed(hosts) if host not in self), hosts[0])


def network_of(text):
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def host_of(text):
    """Without the port that some proxies append: 192.0.2.1:80, [2001:db8::1]:80."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
