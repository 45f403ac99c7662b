"""Screens of leads: list, record with timeline, board, follow-up worklist, stages, tags."""

from app.views.leads.board import LeadBoardView
from app.views.leads.record import LeadView
from app.views.leads.setup import LeadStageView, TagView
from app.views.leads.worklist import LeadWorklistView

__all__ = ["LeadBoardView", "LeadStageView", "LeadView", "LeadWorklistView", "TagView"]
