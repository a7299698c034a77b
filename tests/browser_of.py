"""A browser without screen or script: it reads forms as a person does, and sends them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from flask import Flask
from werkzeug.test import TestResponse

FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Reply:
    """What came back: status, headers, the HTML as a tree."""

    def __init__(self, response: TestResponse) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.get_data(as_text=True)
        # Parsed as htmx does: the content of hx-partial is looked at like all the rest.
        self.soup = BeautifulSoup(self.text, "html.parser")
        self.url = response.request.path

    def field(self, label: str) -> Tag:
        """Return the input that this label names."""
        for found in self.soup.select("label"):
            if " ".join(found.get_text().split()) == label:
                inner = found.find(["input", "textarea", "select"])
                if isinstance(inner, Tag):
                    return inner
                named = self.soup.find(id=str(found["for"]))
                assert isinstance(named, Tag)
                return named
        raise AssertionError(f"no label {label!r} in {self.words()}")

    def message(self, label: str) -> str:
        """Return what is said to be wrong with the field of this label."""
        field = self.field(label)
        assert field.get("aria-invalid") == "true", f"{label} is not marked as wrong"
        for part in str(field["aria-describedby"]).split():
            found = self.soup.find(id=part)
            if part.endswith("-wrong") and isinstance(found, Tag):
                return " ".join(found.get_text().split())
        raise AssertionError(f"no message beside {label}")

    def value(self, label: str) -> str:
        """Return what stands in the field of this label."""
        field = self.field(label)
        if field.name == "textarea":
            return field.get_text().strip("\r\n").replace("\r\n", "\n")
        return str(field.get("value", ""))

    def words(self, selector: str = "body") -> str:
        """Return the text that a person reads in the first element that matches."""
        found = self.soup.select_one(selector) if selector != "body" else self.soup
        return " ".join(found.get_text(" ").split()) if found is not None else ""

    def emails(self) -> list[str]:
        """Return the addresses in the list, from top to bottom."""
        return [
            " ".join(cell.find_all(string=True, recursive=False)).strip()
            + "".join(span.get_text() for span in cell.find_all("span", class_=False))
            for cell in self.soup.select(".entry .email")
        ]


class Browser:
    """Keeps cookies and the language, follows redirects, fills in forms."""

    def __init__(self, app: Flask, language: str = "en") -> None:
        self.client = app.test_client()
        self.language = language

    def open(self, url: str, method: str = "GET", **kwargs: Any) -> Reply:
        """Ask for a URL as it stands, without following where it sends us."""
        headers = {"Accept-Language": self.language} | dict(kwargs.pop("headers", {}) or {})
        return Reply(
            self.client.open(
                url, method=method, base_url="https://localhost", headers=headers, **kwargs
            )
        )

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Open a page, following redirects."""
        return self.follow(self.open(url, headers=headers))

    def follow(self, reply: Reply) -> Reply:
        """Go where a redirect leads."""
        while reply.status == 303:
            parts = urlsplit(reply.headers["Location"])
            reply = self.open(parts.path + (f"?{parts.query}" if parts.query else ""))
        return reply

    def submit(
        self,
        page: Reply | str,
        form: str,
        values: Mapping[str, str | None] | None = None,
        headers: Mapping[str, str] | None = None,
        button: str | None = None,
    ) -> Reply:
        """Fill in the form that a selector finds on a page, send it, follow redirects.

        values: by name of field; None takes a field out (an unticked box).
        button: text of the button to press, when it is not the first one.
        """
        page = self.get(page) if isinstance(page, str) else page
        found = page.soup.select_one(form)
        assert found is not None, f"no form {form} in {page.text[:3000]}"
        action = str(found.get("action", page.url))
        sent = data_of(found)
        if button is not None:
            pressed = next(
                b
                for b in found.select("button")
                if b.get_text(strip=True) == button and "default" not in (b.get("class") or [])
            )
            action = str(pressed.get("formaction", action))
            if pressed.get("name"):
                sent[str(pressed["name"])] = str(pressed["value"])
        for name, value in (values or {}).items():
            sent.pop(name, None)
            if value is not None:
                sent[name] = value
        reply = self.open(action, method="POST", data=sent, headers=headers)
        return reply if headers else self.follow(reply)

    def log_in(self, name: str, password: str) -> Reply:
        """Log in through the page."""
        return self.submit("/log-in", "form.card", {"name": name, "password": password})


def data_of(form: Tag) -> dict[str, str]:
    """Return what a form sends as it stands."""
    sent: dict[str, str] = {}
    for field in form.select("input, textarea, select"):
        name, kind = str(field.get("name", "")), field.get("type")
        if not name or (kind in ("checkbox", "radio") and not field.has_attr("checked")):
            continue
        if field.name == "textarea":
            sent[name] = field.get_text().removeprefix("\r\n").removeprefix("\n")
        elif field.name == "select":
            chosen = field.select_one("option[selected]")
            sent[name] = str(chosen["value"]) if chosen else ""
        else:
            sent[name] = str(field.get("value", "on"))
    return sent
