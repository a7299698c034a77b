"""What the helper will not or cannot do."""


class Refused(Exception):
    """An order is not carried out. Its text is one English sentence for the panel and the log."""
