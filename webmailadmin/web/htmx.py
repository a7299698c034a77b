"""Page or fragment: decided here and nowhere else."""

from flask import (
    Flask,
    Response,
    flash,
    get_flashed_messages,
    make_response,
    redirect,
    render_template,
    request,
)

from webmailadmin.words import Toast


def wants_fragment() -> bool:
    """Say whether htmx asks for a part of a page. It says `full` when it restores history."""
    return request.headers.get("HX-Request-Type") == "partial"


def answer(page: str, fragment: str, status: int = 200, /, **context: object) -> Response:
    """Render the page, or the fragment of it that htmx asks for."""
    return make_response(render_template(fragment if wants_fragment() else page, **context), status)


def done(fragment: str, to: str, toast: Toast | None = None, /, **context: object) -> Response:
    """Answer a change that was made: the fragment, or a redirect to the page `to`.

    The toast comes with the fragment, or on the page after the redirect.
    """
    if not wants_fragment():
        return go(to, toast)
    return answer("", fragment, toast=toast, **context)


def go(to: str, toast: Toast | None = None) -> Response:
    """Send the browser on to the page `to`, which says what was done."""
    if toast is not None:
        leave(toast)
    return make_response(redirect(to, 303))


def leave(toast: Toast) -> None:
    """Keep the toast for the page that the browser is sent to."""
    flash(toast.as_json(), "toast")


def waiting_toast() -> Toast | None:
    """Return the toast that the request before this page left."""
    messages = get_flashed_messages(category_filter=["toast"])
    return Toast.from_json(str(messages[-1])) if messages else None


def leave_name(name: str) -> None:
    """Keep the name of a person for the log-in page that the browser is sent to."""
    flash(name, "name")


def waiting_name() -> str:
    """Return the name that the request before this page left, "" for none."""
    names = get_flashed_messages(category_filter=["name"])
    return str(names[-1]) if names else ""


def init_app(app: Flask) -> None:
    """Let the templates ask for the toast, and for what they are a part of."""
    app.jinja_env.globals.update(waiting_toast=waiting_toast, wants_fragment=wants_fragment)
