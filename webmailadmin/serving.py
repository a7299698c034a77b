"""The web server around the application: waitress, set for pages and for long downloads."""

from typing import Any

from webmailadmin.log import note

THREADS = 8
# What may wait for a slow reader, in memory: more than any page, so that its thread is free at
# once, and less than what waitress would put into files.
MOST_WAITING = 512 * 1024
# As long as a reader may take nothing of what waits; waitress ends idle connections then, too.
SECONDS_OF_PATIENCE = 120


def server_of(application: Any, **where: Any) -> Any:
    """Return a server of the application, listening. where: waitress's names. Raises OSError."""
    from waitress import create_server  # noqa: PLC0415 - slow import, for serving alone

    server = create_server(
        application,
        **where,
        threads=THREADS,
        ident=None,
        # More than web/security.py takes: who sends a little too much is heard to the end, or the
        # proxy in front would tell of a broken connection instead of our answer.
        max_request_body_size=2**23,
        outbuf_high_watermark=MOST_WAITING,
        channel_timeout=SECONDS_OF_PATIENCE,
        # web/proxies.py decides what is believed.
        clear_untrusted_proxy_headers=False,
    )
    of_waitress = server.maintenance

    def maintenance(now: float) -> None:
        of_waitress(now)
        let_go(server, now)

    server.maintenance = maintenance
    return server


def let_go(server: Any, now: float) -> None:
    """End the connections on which nothing of what waits is read any more.

    waitress would keep them, and the thread of each, for ever. now: seconds since 1970.
    """
    for channel in list(server.active_channels.values()):
        # Within the lock, what was just written has been tried to be sent as well.
        with channel.outbuf_lock:
            waits = channel.total_outbufs_len
            if waits and channel.last_activity < now - SECONDS_OF_PATIENCE:
                note("nobody reads", network=channel.addr[0], waiting=waits)
                channel.handle_close()
