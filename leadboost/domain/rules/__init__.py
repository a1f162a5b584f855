"""When stock, money or doubt stops advertising: typed rules, judged over one snapshot of facts.

``rule`` is what a rule is, ``facts`` what it looks at; ``stock``, ``money`` and ``trust`` hold the kinds of
rules; ``evaluate`` judges and protects, ``written`` reads rules from files and requests, ``replay`` asks what
they would have done.
"""
