"""What browser somebody uses, in plain words."""

from webmailadmin.words import gettext

# The first that is found counts: each of them also says that it is one further down.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def in_words(agent: str) -> str:
    """Say which browser on which system a User-Agent names; "" when we know neither."""
    browser = found_in(agent, BROWSERS)
    system = found_in(agent, SYSTEMS)
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system


def found_in(agent: str, names: dict[str, str]) -> str:
    """Return the name of the first of these that the User-Agent holds."""
    return next((name for sign, name in names.items() if sign in agent), "")
