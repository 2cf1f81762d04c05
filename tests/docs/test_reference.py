"""The generated pages are what the code says now."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from docs.generator.models import model_page, models, section
from docs.generator.pages import PAGES, REFERENCE, ROOT
from seatrial.load.profile import Profile
from seatrial.project.fleet import Fleet
from seatrial.project.project import ProjectFile
from seatrial.project.telemetry import Telemetry


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == PAGES[name](), (
        f"docs/reference/{name} is stale: make reference"
    )


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_on_the_map(name: str) -> None:
    assert f"({name})" in (REFERENCE / "README.md").read_text(encoding="utf-8")


FILES = [found for file in (Profile, ProjectFile, Fleet, Telemetry) for found in models(file)]


@pytest.mark.parametrize("model", FILES, ids=lambda model: model.__name__)
def test_every_field_of_a_file_says_what_it_means(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


class Inner(BaseModel):
    """What is inside."""

    word: str = Field(pattern="^a|b$", description="A word.")


class Outer(BaseModel):
    """What is outside."""

    count: int = Field(default=1, ge=1, le=9, description="How many.")
    many: list[Inner] = Field(default_factory=list)


def test_a_model_is_told_field_by_field() -> None:
    page = model_page("Outer", Outer, root=ROOT)
    assert "| `count` | integer (from 1, up to 9) | `1` | How many. |" in page
    assert "| `many` | list of [Inner](#inner) | - |  |" in page
    assert "| `word` | text (matching `^a\\|b$`) | **required** | A word. |" in page


def test_a_changed_model_changes_its_page() -> None:
    class Changed(Inner):
        """What is inside."""

        word: str = Field(pattern="^a|b$", description="Another word.")

    assert list(section(Changed, root=Changed)) != list(section(Inner, root=Inner))
