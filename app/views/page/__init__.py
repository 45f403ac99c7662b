"""What a template receives: plain records that a view fills and a template only prints.

Every screen of the same kind gets the same record, so that one template serves all domains. Texts are already
translated and formatted for the user who looks; templates decide nothing but markup.
"""

from app.views.page.boards import (
    BoardColumn,
    BoardPage,
    Card,
    Chart,
    Count,
    Figure,
    FrontPage,
    ImportPage,
    Section,
    WorklistPage,
)
from app.views.page.common import Cell, Choice, Column, Empty, Link, Paging, Row, Table
from app.views.page.forms import DialogPage, Field, FieldGroup, Form, FormPage, Outcome
from app.views.page.frame import Frame, MenuItem, MenuSection
from app.views.page.lists import Chip, FilterField, ListPage, SavedFilter
from app.views.page.records import Change, Event, Fact, Group, HistoryPage, Panel, RecordPage

__all__ = [
    "BoardColumn",
    "BoardPage",
    "Card",
    "Cell",
    "Change",
    "Chart",
    "Chip",
    "Choice",
    "Column",
    "Count",
    "DialogPage",
    "Empty",
    "Event",
    "Fact",
    "Field",
    "FieldGroup",
    "Figure",
    "FilterField",
    "Form",
    "FormPage",
    "Frame",
    "FrontPage",
    "Group",
    "HistoryPage",
    "ImportPage",
    "Link",
    "ListPage",
    "MenuItem",
    "MenuSection",
    "Outcome",
    "Paging",
    "Panel",
    "RecordPage",
    "Row",
    "SavedFilter",
    "Section",
    "Table",
    "WorklistPage",
]
