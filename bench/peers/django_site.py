"""Django admin with unfold on the leads: its list, change page, form, log of changes, one bulk action."""

from __future__ import annotations

import re
import sys
import uuid
from typing import Any

import django
from django.apps import AppConfig
from django.conf import settings

from bench.peers.common import Case, facts, searches, serve


def configure(url: str) -> None:
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(url)
    settings.configure(
        SECRET_KEY="x" * 40,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DATA_UPLOAD_MAX_NUMBER_FIELDS=5000,
        STATIC_URL="/static/",
        USE_TZ=True,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts["dbname"],
                "USER": parts.get("user", ""),
                "PASSWORD": parts.get("password", ""),
                "HOST": parts.get("host", ""),
                "PORT": parts.get("port", ""),
                "CONN_MAX_AGE": None,
            }
        },
        INSTALLED_APPS=[
            "unfold",
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            f"{__name__}.Leads" if __name__ != "__main__" else "bench.peers.django_site.Leads",
        ],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ],
                    "loaders": [
                        (
                            "django.template.loaders.cached.Loader",
                            ["django.template.loaders.app_directories.Loader"],
                        )
                    ],
                },
            }
        ],
    )


class Leads(AppConfig):
    name = "bench.peers"
    label = "crm"


def admin_of_leads() -> Any:
    """Declare the models and their admin; to be called once Django is set up."""
    from django.contrib import admin
    from django.db import models
    from unfold.admin import ModelAdmin

    class Stage(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        name = models.CharField(max_length=60)

        class Meta:
            managed, db_table, app_label = False, "lead_stages", "crm"

        def __str__(self) -> str:
            return str(self.name)

    class Owner(models.Model):
        first_name = models.CharField(max_length=64)
        last_name = models.CharField(max_length=64)

        class Meta:
            managed, db_table, app_label = False, "ab_user", "crm"

        def __str__(self) -> str:
            return f"{self.first_name} {self.last_name}"

    class Lead(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        first_name = models.CharField(max_length=80)
        last_name = models.CharField(max_length=80)
        phone = models.CharField(max_length=16)
        email = models.CharField(max_length=254, null=True, blank=True)
        source = models.CharField(max_length=20)
        area = models.CharField(max_length=80, null=True, blank=True)
        follow_up_date = models.DateField()
        follow_up_status = models.CharField(max_length=10)
        created_at = models.DateTimeField(auto_now_add=True)
        updated_at = models.DateTimeField(auto_now=True)
        search_text = models.GeneratedField(
            expression=models.F("first_name"), output_field=models.TextField(), db_persist=True
        )
        stage = models.ForeignKey(Stage, models.PROTECT)
        owner = models.ForeignKey(Owner, models.SET_NULL, null=True, blank=True)

        class Meta:
            managed, db_table, app_label = False, "leads", "crm"

        def __str__(self) -> str:
            return f"{self.first_name} {self.last_name}"

    @admin.register(Owner)
    class OwnerAdmin(ModelAdmin):
        search_fields = ("first_name", "last_name")
        ordering = ("first_name",)

    @admin.register(Lead)
    class LeadAdmin(ModelAdmin):
        list_display = (
            "first_name last_name phone email stage owner source follow_up_date follow_up_status created_at".split()
        )
        list_filter = ("stage", "source", "follow_up_status")
        list_select_related = ("stage", "owner")
        list_per_page = 25
        show_full_result_count = False
        ordering = ("-created_at",)
        search_fields = ("search_text__contains",)
        autocomplete_fields = ("owner",)
        actions = ("change_stage",)

        def lookup_allowed(self, lookup: str, *_args: Any) -> bool:
            return lookup in ("stage__id__exact", "owner__id__exact")

        @admin.action(description="Change stage")
        def change_stage(self, request: Any, queryset: Any) -> None:
            queryset.update(stage_id=request.POST["stage_id"])

    return Lead


def main(url: str) -> None:
    configure(url)
    django.setup()
    admin_of_leads()
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client
    from django.urls import path

    globals()["urlpatterns"] = [path("admin/", admin.site.urls)]
    sys.modules[settings.ROOT_URLCONF] = sys.modules[__name__]
    call_command("migrate", verbosity=0)
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("admin", "admin@school.example", "correct horse battery 9"))
    known = facts(url)
    base = "/admin/crm/lead/"
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(f"{base}add/").content.decode())
    assert found
    token = {"csrfmiddlewaretoken": found[1]}
    form = known.lead | token | {"stage": known.stages[0], "owner": str(known.owner)}

    def get(address: str) -> int:
        return int(client.get(address).status_code)

    def post(address: str, data: dict[str, Any]) -> int:
        return int(client.post(address, data).status_code)

    def add(number: int) -> int:
        data = {"id": str(uuid.uuid4()), "phone": f"+4479{number:08d}", "last_name": f"Lead {number}"}
        return post(f"{base}add/", form | data)

    def edit(number: int) -> int:
        key = known.newest[number]
        return post(f"{base}{key}/change/", form | {"id": key, "area": f"Area {number}"})

    def bulk(number: int) -> int:
        data = {"action": "change_stage", "_selected_action": known.newest, "stage_id": known.stages[1 + number % 2]}
        return post(base, token | data)

    staff = f"/admin/autocomplete/?app_label=crm&model_name=lead&field_name=owner&term={known.staff_name}"
    serve(
        [
            Case("list, 25 rows", lambda _n: get(base)),
            *searches(get, f"{base}?q=", known),
            Case(
                "filter by stage and owner",
                lambda _n: get(f"{base}?stage__id__exact={known.stages[0]}&owner__id__exact={known.owner}"),
            ),
            Case("page 20,000 (the middle)", lambda _n: get(f"{base}?p={known.leads // 50}")),
            Case("last page", lambda _n: get(f"{base}?p={known.leads // 25}")),
            Case("record", lambda _n: get(f"{base}{known.newest[0]}/change/")),
            Case("autocomplete: staff", lambda _n: get(staff)),
            Case("form of a new lead", lambda _n: get(f"{base}add/")),
            Case("add", add, (302,)),
            Case("edit", edit, (302,)),
            Case("bulk stage change of 1,000", bulk, (302,)),
        ]
    )


if __name__ == "__main__":
    main(sys.argv[1])
