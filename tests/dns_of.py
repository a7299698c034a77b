"""A name server on the loopback: it says of each name what a test lets it say."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import dns.message
import dns.rcode
import dns.rrset

from webmailadmin import settings


class NameServer:
    """Answers over UDP. texts: the TXT records of each name. broken: it answers "failure"."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.broken = False
        self.asked: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Answer until the socket is closed."""
        while True:
            try:
                wire, client = self.socket.recvfrom(4096)
                self.socket.sendto(self.answer(dns.message.from_wire(wire)).to_wire(), client)
            except OSError:
                return

    def answer(self, question: dns.message.Message) -> dns.message.Message:
        """Answer one question."""
        reply = dns.message.make_response(question)
        name = question.question[0].name
        self.asked.append(name.to_text().rstrip("."))
        texts = self.texts.get(self.asked[-1])
        if self.broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif texts is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif texts:
            reply.answer.append(dns.rrset.from_text_list(name, 300, "IN", "TXT", texts))
        return reply


@contextmanager
def name_server() -> Iterator[NameServer]:
    """Run a name server that the panel asks whose a domain is."""
    server = NameServer()
    before = settings.current
    where = ("127.0.0.1", int(server.socket.getsockname()[1]))
    settings.use(replace(before, owners_prove_domains=True, name_server=where))
    yield server
    settings.use(before)
    server.socket.close()
