"""Screens of Ed-Fi."""

from app.views.edfi.overview import EdFiView
from app.views.edfi.screens import (
    DescriptorMappingView,
    EdFiConnectionView,
    EdFiPushItemView,
    EdFiPushView,
)

__all__ = ["DescriptorMappingView", "EdFiConnectionView", "EdFiPushItemView", "EdFiPushView", "EdFiView"]
