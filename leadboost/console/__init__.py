"""The console: the HTTP API on one port.

``routes.ROUTES`` lists every route with the role it needs; ``edge.Edge`` is the one way from a
request to its answer; errors leave as problem+json by the table in ``problems``. Bodies that are
not readable get 400, readable ones with values out of bounds 422 naming each field.
"""
