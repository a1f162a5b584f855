"""PostgreSQL: the only truth. asyncpg and SQL stay in this package.

``embedded`` runs a private server, ``migrate`` brings a schema up to date, ``database`` lends
connections with deadlines; the ``Pg...Store`` classes are the adapters of ``leadboost.ports``.
"""
