"""Outside services, one folder each, with the same file names in every folder.

- ``source.py`` implements ``ports.Source``: what is asked, and what each answer means.
- ``platform.py`` implements ``ports.AdPlatform``: one ad account, and the credential for it, which no
  other module holds. Single attempts; reads and pauses are priority calls, and whatever raises spend
  passes the gate at the very write.
- ``access.py`` holds a source's credential and its rate limit, where its sources share them.
- ``cursor.py`` is what a source remembers between polls, to and from the JSON of ``sources.cursor``.
- ``fault.py`` turns the refusals of a platform into AdPlatformError: pure.
- ``parse.py`` turns bytes into raw items for Scout, or into campaigns: pure, never trusting what it reads.

A folder exports its source or platform, and what that is made with. Folders share ``connectors.client``,
the one client policy, and nothing else; ``parse.py`` alone may import a format's library, ``client`` alone
imports aiohttp.
"""
