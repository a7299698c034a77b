"""A browser without screen or script: it reads forms as a person does, and sends them."""

from collections.abc import Mapping
from functools import cached_property
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
        self.body = response.get_data()
        self.text = self.body.decode(errors="replace")
        self.url = response.request.path

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The HTML as a tree, as htmx sees it: what is in hx-partial is like all the rest."""
        return BeautifulSoup(self.text, "html.parser")

    def field(self, label: str) -> Tag:
        """Return the input that this label names; of a choice, the one that is chosen."""
        found = labelled(self.soup, label)
        assert found is not None, f"no label {label!r} in {self.words()}"
        return found

    def message(self, label: str) -> str:
        """Return what is said to be wrong with the field of this label."""
        field = self.field(label)
        assert field.get("aria-invalid") == "true", f"{label} is not marked as wrong"
        for part in str(field["aria-describedby"]).split():
            found = self.soup.find(id=part)
            if part.endswith("-wrong") and isinstance(found, Tag):
                return text_of(found, " ")
        raise AssertionError(f"no message beside {label}")

    def messages(self) -> dict[str, str]:
        """Return what is said to be wrong, by the label of the field; "" is the form itself."""
        found = {}
        for label in self.soup.find_all("label"):
            field = field_of(self.soup, label)
            if field is not None and field.get("aria-invalid") == "true":
                found[text_of(label)] = self.message(text_of(label))
        if heads := self.soup.select(".notice.wrong"):
            found[""] = " ".join(
                text_of(head, " ") for head in heads if not head.find_parent("template")
            )
        return {label: words for label, words in found.items() if words}

    def labels(self) -> list[str]:
        """Return the labels of all fields, from top to bottom."""
        return [text_of(label) for label in self.soup.find_all("label")]

    def value(self, label: str) -> str:
        """Return what stands in the field of this label; of a choice, the label of its answer."""
        field = self.field(label)
        if field.name == "textarea":
            return typed_in(field)
        if field.name == "select":
            chosen = field.select_one("option[selected]")
            return chosen.get_text(strip=True) if chosen else ""
        if field.get("type") == "radio":
            around = field.find_parent("label")
            return text_of(around) if around else ""
        return str(field.get("value", ""))

    def ticked(self, label: str) -> bool:
        """Say whether the box of this label is ticked."""
        return self.field(label).has_attr("checked")

    def focus(self) -> str | None:
        """Return the name of the element that takes the focus, or its text when it has none."""
        found = self.soup.select_one("[autofocus]")
        return str(found.get("name") or found.get_text(strip=True)) if found else None

    def title(self) -> str:
        """Return the title of the page."""
        return self.soup.title.get_text().strip() if self.soup.title else ""

    def words(self, selector: str = "body") -> str:
        """Return the text that a person reads in the first element that matches."""
        found = self.soup.select_one(selector) if selector != "body" else self.soup
        return text_of(found, " ") if found is not None else ""

    def toast(self) -> str:
        """Return what the toast says."""
        return self.words(".toast p")

    def links(self) -> dict[str, str]:
        """Return where the links lead, by their text or by what is said of them aloud."""
        return {
            str(link.get("aria-label") or text_of(link, " ")): str(link["href"])
            for link in self.soup.select("a[href]")
        }

    def buttons(self) -> list[str]:
        """Return the text of the buttons that a person sees."""
        return [
            text_of(button, " ")
            for button in self.soup.select("button")
            if "default" not in (button.get("class") or [])
        ]

    def emails(self) -> list[str]:
        """Return the addresses in the list, from top to bottom."""
        return [
            " ".join(cell.find_all(string=True, recursive=False)).strip()
            + "".join(span.get_text() for span in cell.find_all("span", class_=False))
            for cell in self.soup.select(".entry .email")
        ]

    def row(self, email: str) -> str:
        """Return what the list says of one address."""
        for email_here, row in zip(self.emails(), self.soup.select(".entry .row"), strict=True):
            if email_here == email:
                return text_of(row, " ")
        raise AssertionError(f"no row of {email} among {self.emails()}")

    def partial(self, target: str) -> str | None:
        """Return the text that a fragment brings for another place of the page."""
        found = self.soup.find("hx-partial", attrs={"hx-target": target})
        return text_of(found, " ") if isinstance(found, Tag) else None


class Browser:
    """Keeps cookies and the language, follows redirects, fills in forms."""

    def __init__(
        self, app: Flask, language: str = "en", base_url: str = "https://localhost"
    ) -> None:
        self.client = app.test_client()
        self.language = language
        self.base_url = base_url

    def open(self, url: str, method: str = "GET", **kwargs: Any) -> Reply:
        """Ask for a URL as it stands, without following where it sends us."""
        headers = {"Accept-Language": self.language} | dict(kwargs.pop("headers", {}) or {})
        kwargs.setdefault("base_url", self.base_url)
        return Reply(self.client.open(url, method=method, headers=headers, **kwargs))

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

        values: by label, or by name of field; of a choice, the label of the answer. None takes
        a field out (an unticked box).
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
        for key, value in (values or {}).items():
            name, plain = typed_as(found, key, value)
            sent.pop(name, None)
            if plain is not None:
                sent[name] = plain
        reply = self.open(action, method="POST", data=sent, headers=headers)
        return reply if headers else self.follow(reply)

    def log_in(self, name: str, password: str) -> Reply:
        """Log in through the page."""
        return self.submit("/log-in", "form.card", {"name": name, "password": password})

    def cookies(self) -> dict[str, str]:
        """Return the cookies that the browser keeps, by name."""
        return {cookie.key: cookie.value for cookie in self.client._cookies.values()}


def text_of(element: Tag, between: str = "") -> str:
    """Return the text of an element as a person reads it."""
    return " ".join(element.get_text(between).split())


def field_of(tree: BeautifulSoup | Tag, label: Tag) -> Tag | None:
    """Return the input that a label names, around it or by its id."""
    inner = label.find(["input", "textarea", "select"])
    named = inner or tree.find(id=str(label.get("for")))
    return named if isinstance(named, Tag) else None


def labelled(tree: BeautifulSoup | Tag, label: str) -> Tag | None:
    """Return the input of a label, or the chosen one of the choices beneath a legend."""
    for found in tree.find_all("label"):
        if text_of(found) == label:
            named = field_of(tree, found)
            assert named is not None, f"the label {label!r} names nothing"
            return named
    for legend in tree.find_all("legend"):
        around = legend.parent
        if around is not None and text_of(legend) == label:
            radios = around.find_all("input", type="radio")
            return next((radio for radio in radios if radio.has_attr("checked")), radios[0])
    return None


def typed_as(form: Tag, key: str, value: str | None) -> tuple[str, str | None]:
    """Return the name of the field that `key` means, and what a browser sends for `value`."""
    field = labelled(form, key)
    if field is None:
        return key, value
    name = str(field["name"])
    if value is not None and field.get("type") == "radio":
        answer = labelled(form, value)
        assert answer is not None, f"no answer {value!r} to {key!r}"
        return name, str(answer["value"])
    if value is not None and field.get("type") == "checkbox":
        return name, str(field.get("value", "on"))
    if value is not None and field.name == "select":
        options = {option.get_text(strip=True): option for option in field.select("option")}
        return name, str(options[value]["value"])
    return name, value


def typed_in(field: Tag) -> str:
    """Return what stands in a textarea: HTML drops one line break at its beginning."""
    text = field.get_text().replace("\r\n", "\n")
    return text.removeprefix("\n")


def data_of(form: Tag) -> dict[str, str]:
    """Return what a form sends as it stands."""
    sent: dict[str, str] = {}
    for field in form.find_all(["input", "textarea", "select"]):
        name, kind = str(field.get("name", "")), field.get("type")
        if not name or (kind in ("checkbox", "radio") and not field.has_attr("checked")):
            continue
        if field.name == "textarea":
            sent[name] = typed_in(field).replace("\n", "\r\n")
        elif field.name == "select":
            chosen = field.select_one("option[selected]")
            sent[name] = str(chosen["value"]) if chosen else ""
        else:
            sent[name] = str(field.get("value", "on"))
    return sent
