"""What the columns and choices of leads are called."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

LEAD = {
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "phone": _l("Phone"),
    "email": _l("E-mail"),
    "interest": _l("Interest"),
    "source": _l("Source"),
    "area": _l("Area"),
    "community": _l("Community"),
    "address": _l("Address"),
    "guardian_name": _l("Guardian"),
    "age": _l("Age"),
    "expected_budget": _l("Expected budget"),
    "contact_attempts": _l("Contact attempts"),
    "last_contacted_on": _l("Last contacted"),
    "next_follow_up_at": _l("Next follow-up call"),
    "walk_in_date": _l("Walk-in date"),
    "demo_date": _l("Trial date"),
    "demo_conducted": _l("Trial held"),
    "follow_up_date": _l("Follow-up"),
    "follow_up_status": _l("Follow-up status"),
    "created_at": _l("Entered"),
}
INPUTS = {
    "stage_id": _l("Stage"),
    "owner_id": _l("Owner"),
    "assigned_teacher_id": _l("Teacher"),
    "tag_id": _l("Tag"),
    "remove": _l("Take it off"),
    "into_id": _l("Lead that stays"),
    "body": _l("Note"),
    "channel": _l("Channel"),
    "outcome": _l("Outcome"),
    "note": _l("Note"),
    "accept_duplicates": _l("Save all the same"),
    "merged_into_id": _l("Merged into"),
    "deleted_at": _l("Deleted"),
    "import_id": _l("Import"),
    "phone_raw": _l("Phone as written"),
}
STAGE = {
    "name": _l("Name"),
    "position": _l("Order"),
    "is_onboarded": _l("Final stage"),
    "active": _l("Active"),
    "fallback_id": _l("Leads move to"),
    "created_at": _l("Entered"),
}
SOURCES = {
    "referral": _l("Referral"),
    "ads": _l("Advertisement"),
    "web": _l("Website"),
    "walk_in": _l("Walk-in"),
    "phone": _l("Phone call"),
    "event": _l("Event"),
    "social_media": _l("Social media"),
    "other": _l("Other"),
}
FOLLOW_UP = {"open": _l("Open"), "done": _l("Done")}
CHANNELS = {"call": _l("Call"), "message": _l("Message"), "email": _l("E-mail"), "visit": _l("Visit")}
OUTCOMES = {
    "reached": _l("Reached"),
    "no_answer": _l("No answer"),
    "call_back": _l("Asked to call back"),
    "not_interested": _l("Not interested"),
    "wrong_number": _l("Wrong number"),
}
EVENTS = {
    "created": _l("Entered"),
    "updated": _l("Changed"),
    "stage_changed": _l("Stage changed"),
    "owner_changed": _l("Owner changed"),
    "note_added": _l("Note"),
    "bulk_imported": _l("Imported"),
    "contact_attempted": _l("Contact attempt"),
    "follow_up_changed": _l("Follow-up changed"),
    "tags_changed": _l("Tags changed"),
    "merged": _l("Merged"),
    "deleted": _l("Deleted"),
    "restored": _l("Restored"),
}

# What changed a lead, where it was nobody's decision about this lead.
BECAUSE = {
    "stage_deleted": _l("The stage it was in was deleted."),
    "merge": _l("By the merge."),
    "unmerge": _l("By undoing the merge."),
    "undo": _l("An earlier change was taken back."),
}
