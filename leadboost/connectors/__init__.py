"""Outside services, one folder each, with the same file names in every folder.

- ``source.py`` implements ``ports.Source``: what is asked, and what each answer means.
- ``cursor.py`` is what it remembers between polls, to and from the JSON of ``sources.cursor``.
- ``parse.py`` turns bytes into raw items for Scout: pure, never trusting what it reads.

A folder exports its source alone. Folders share ``connectors.client``, the one client policy, and
nothing else; ``parse.py`` alone may import a format's library, ``client`` alone imports aiohttp.
"""
