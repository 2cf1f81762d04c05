from fleet.kit.body import Input


class Page(Input):
    limit: int = 20


class Other(Input):
    cursor: str = ""


def test_schema_is_built_once_per_model() -> None:
    assert Page.model_json_schema() is Page.model_json_schema()
    assert Page.model_json_schema()["properties"].keys() == {"limit"}
    assert Other.model_json_schema()["properties"].keys() == {"cursor"}


def test_schema_asked_for_in_a_certain_way_is_built_in_that_way() -> None:
    schema = Page.model_json_schema(mode="serialization")
    assert schema is not Page.model_json_schema()
    assert schema["additionalProperties"] is False
