from leadboost.store.database import Database


async def test_jsonb_values_are_python_objects_both_ways(database: Database) -> None:
    value = {"a": [1, 2.5, None, "é"], "b": {"c": True}}

    async with database.session() as session:
        returned = await session.fetchval("SELECT $1::jsonb", value)

    assert returned == value
