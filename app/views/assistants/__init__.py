"""Help desk assistants: the public form, applications, assistants, and one's own page."""

from app.views.assistants.own import OwnAssistantView
from app.views.assistants.records import AssistantView, RegistrationView
from app.views.assistants.register import RegisterView

__all__ = ["AssistantView", "OwnAssistantView", "RegisterView", "RegistrationView"]
