from pathlib import Path

import pytest
from pydantic import Field

from seatrial.errors import ConfigError, Exit
from seatrial.project.yaml_source import FileModel, Mark, Problem, YamlSource, load_yaml, parse_yaml, validate

FILE = Path("demo.yml")


class Part(FileModel):
    port: int
    command: str | list[str] = "run"


class Whole(FileModel):
    name: str
    parts: dict[str, Part] = Field(default_factory=dict)
    numbers: tuple[int, ...] = ()


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        validate(parse_yaml(text, FILE), Whole)
    return caught.value


def test_a_good_document_becomes_the_model() -> None:
    whole = validate(parse_yaml("name: a\nparts: {x: {port: 1, command: [go]}}\nnumbers: [1, 2]", FILE), Whole)
    assert whole == Whole(name="a", parts={"x": Part(port=1, command=["go"])}, numbers=[1, 2])


@pytest.mark.parametrize(
    "text, line, column, words",
    [
        pytest.param(
            "name: a\nnumbers: [1, two]", 2, 14, ["numbers.1", "'two'", "a whole number"], id="wrong type in a list"
        ),
        pytest.param("name: a\nparts:\n  x: {port: nine}", 3, 13, ["parts.x.port", "'nine'"], id="wrong type in a map"),
        pytest.param("name: a\nparts:\n  x: {command: go}", 3, 6, ["parts.x.port is missing"], id="missing"),
        pytest.param("nmae: a\nname: b", 1, 7, ["nmae", "Did you mean 'name'?"], id="misspelt"),
        pytest.param("name: a\nzz: 1", 2, 5, ["zz", "known are: name, parts, numbers"], id="unknown"),
        pytest.param(
            "name: a\nparts: {x: {port: 1, comand: b}}", 2, 30, ["Did you mean 'command'?"], id="misspelt deep"
        ),
        pytest.param("name: a\nparts: {x: {port: 1, command: 5}}", 2, 31, ["5"], id="no arm of a union"),
        pytest.param("name: a\nname: b", 2, 1, ["'name' stands twice"], id="key twice"),
        pytest.param("name: [a", 1, 9, ["not valid YAML"], id="syntax"),
        pytest.param("name: a\nparts: &p {x: *p}", 2, 8, ["contains itself"], id="loop"),
        pytest.param("- 1", 1, 1, ["the file", "a mapping"], id="no mapping"),
    ],
)
def test_a_fault_is_refused_where_it_stands(text: str, line: int, column: int, words: list[str]) -> None:
    error = refusal(text)
    assert (error.line, error.column) == (line, column)
    assert str(error).startswith(f"demo.yml:{line}:{column}: ")
    assert [word for word in words if word not in str(error)] == []


def test_every_fault_is_told_in_the_order_of_the_file() -> None:
    lines = str(refusal("numbers: [x]\nname: 5")).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["demo.yml:1:11:", "demo.yml:2:7:"]


def test_a_wrong_file_is_wrong_usage() -> None:
    assert refusal("name: 5").exit_code is Exit.USAGE


@pytest.mark.parametrize(
    "text, word", [pytest.param("", "empty", id="empty"), pytest.param("a: \x00", "Quote", id="control character")]
)
def test_what_is_no_document_is_refused(text: str, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        parse_yaml(text, FILE)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent.yml: cannot be read: No such file"):
        load_yaml(tmp_path / "absent.yml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_yaml(tmp_path / "b.yml")


def test_merged_keys_keep_their_places() -> None:
    source = parse_yaml("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n  z: 4", FILE)
    assert source.data["use"] == {"x": 1, "y": 3, "z": 4}
    assert source.marks["use", "z"] == (5, 6)


def test_a_problem_of_something_absent_points_at_what_is_around_it() -> None:
    source = YamlSource(FILE, {}, {(): Mark(1, 1), ("a",): Mark(2, 4)})
    error = source.error([Problem(("a", "b", "c"), "no c.")])
    assert (error.line, error.column) == (2, 4)
