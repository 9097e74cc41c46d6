"""A Weir that speaks TLS, asks for keys and counts by client, in front of an engine of its own."""

import contextlib
import hashlib
import ssl
from dataclasses import dataclass

import httpx2
import trustme

import engines
import weir
from ports import free_ports
from processes import Program
from stack import BINARIES, PLAN

KEYS = {"team-a": "sk-of-team-a", "team-b": "sk-of-team-b"}
MODEL = "llama"

CONFIGURATION = """
[proxy]
admin = "127.0.0.1:{admin}"
edge = "127.0.0.1:{edge}"
engine = "127.0.0.1:{engine}"

[proxy.tls.edge]
certificate = "{certificate}"
key = "{key}"

[proxy.clients]
metrics = "alias"

[[proxy.keys]]
alias = "team-a"
sha256 = "{team_a}"

[[proxy.keys]]
alias = "team-b"
sha256 = "{team_b}"
rate = "2/hour"

[[proxy.routes]]
name = "secure"
hop = "edge"
upstream = "{url}"
models = ["llama"]

[[proxy.routes]]
name = "plain"
upstream = "{url}"
access = "open"
models = ["llama"]
"""


@dataclass
class Locked:
    """Weir and its engine, and what a client trusts."""

    weir: weir.Weir
    engine: engines.Engine
    authority: trustme.CA
    # The file of the authority's certificate.
    trusted: str

    def context(self):
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def http(self, http2=True):
        """A client for the SDKs that speaks HTTP/2, or HTTP/1.1 alone; over TLS."""
        return httpx2.Client(verify=self.context(), http1=not http2, http2=http2, timeout=60, trust_env=False)


@contextlib.contextmanager
def running(folder):
    names = ("edge", "engine", "admin", "upstream")
    ports = dict(zip(names, free_ports(len(names))))
    authority = trustme.CA()
    pair = authority.issue_cert("127.0.0.1", "localhost")
    certificate, key, trusted = (folder / name for name in ("weir.pem", "weir.key", "ca.pem"))
    pair.private_key_pem.write_to_path(key)
    certificate.write_bytes(b"".join(blob.bytes() for blob in pair.cert_chain_pems))
    authority.cert_pem.write_to_path(trusted)
    hashes = {name.replace("-", "_"): hashlib.sha256(key.encode()).hexdigest() for name, key in KEYS.items()}
    with contextlib.ExitStack() as ending:
        upstream = engines.start_engine(
            BINARIES / "weir-loadtest", folder, ports["upstream"], "locked", [MODEL], "0.32.0", PLAN
        )
        ending.callback(upstream.program.stop)
        configuration = folder / "locked.toml"
        configuration.write_text(
            CONFIGURATION.format(url=upstream.url, certificate=certificate, key=key, **hashes, **ports)
        )
        command = [BINARIES / "weir-proxy", "--config", configuration, "--log-format", "json"]
        program = Program("locked-weir", command, folder)
        ending.callback(program.stop)
        proxy = weir.Weir(program, ports)
        proxy.edge = proxy.edge.replace("http:", "https:")
        engines.wait_until_ready(upstream)
        weir.wait_until_ready(proxy, {("secure", MODEL), ("plain", MODEL)})
        yield Locked(proxy, upstream, authority, str(trusted))
