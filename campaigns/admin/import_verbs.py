"""The buttons on the page of a contact import."""

from dataclasses import dataclass

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from accounts.models import Refusal
from accounts.scoped_admin import ScopedAdmin
from campaigns.models import ContactImport
from campaigns.models.contact_import import OUR_FAULT

State = ContactImport.State


@dataclass(frozen=True)
class Verb:
    name: str  # of the model's method
    label: str
    done: str
    offered: tuple[str, ...]  # the states in which there is a button for it
    asks: bool = False  # on a page of its own, before it does it


VERBS = {
    verb.name: verb
    for verb in (
        Verb("pause", "Pause", "The import is paused.", (State.WAITING, State.RUNNING)),
        Verb("resume", "Resume", "The import goes on.", (State.PAUSED,)),
        Verb("retry", "Retry", "The import goes on.", (State.FAILED, State.CANCELLED)),
        Verb("run", "Run for real", "The file is being taken in, as this import.", (State.DONE,)),
        Verb(
            "cancel",
            "Cancel",
            "The import is cancelled.",
            (State.WAITING, State.RUNNING, State.PAUSED),
            asks=True,
        ),
    )
}
NEED_THE_FILE = ("retry", "run")


def address_of(what: str, job: ContactImport) -> str:
    return reverse(f"admin:campaigns_contactimport_{what}", args=[job.pk])


class ImportVerbs(admin.ModelAdmin):
    """Pause, resume, cancel, retry and run imports: whoever may change them. To run one for real
    makes another import, so that takes the right to add them as well."""

    def get_urls(self):
        view = self.admin_site.admin_view(self.verb_view)
        return [
            path(
                f"<int:import_id>/{name}/",
                view,
                {"verb": verb},
                name=f"campaigns_contactimport_{name}",
            )
            for name, verb in VERBS.items()
        ] + super().get_urls()

    def has_change_permission(self, request, obj=None):
        """Once sent, an import stays as it is. See `may` for what can be done with it."""
        return False

    def may(self, request, verb: Verb, job: ContactImport) -> bool:
        changes = ScopedAdmin.has_change_permission(self, request, job)
        return changes and (verb.name != "run" or self.has_add_permission(request))

    def buttons(self, request, job: ContactImport) -> list[dict]:
        return [
            {"verb": verb, "address": address_of(verb.name, job)}
            for verb in VERBS.values()
            if self.may(request, verb, job) and is_offered(verb, job)
        ]

    def find(self, request, import_id: int) -> ContactImport:
        """The import, if it is of the user's teams; else it isn't there (404)."""
        job = self.get_object(request, str(import_id))
        if job is None:
            raise Http404
        return job

    def verb_view(self, request, import_id, verb):
        job = self.find(request, import_id)
        if not self.may(request, verb, job):
            raise PermissionDenied
        if request.method == "POST":
            return self.do(request, job, verb)
        if request.method != "GET" or not verb.asks:
            return HttpResponseNotAllowed(["GET", "POST"] if verb.asks else ["POST"])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Cancel the import?",
            "job": job,
        }
        return TemplateResponse(request, "admin/campaigns/contactimport/cancel.html", context)

    def do(self, request, job, verb):
        try:
            if verb.name == "run":
                job = job.run(by=request.user.get_username())
                self.log_addition(request, job, "Run for real, after a dry run.")
            else:
                getattr(job, verb.name)()
                self.log_change(request, job, f"{verb.label}.")
        except Refusal as refusal:
            return self.answer_with(request, refusal, self.page_of(job.pk))
        except ContactImport.DoesNotExist:  # somebody deleted it meanwhile
            raise Http404 from None
        self.message_user(request, verb.done, messages.SUCCESS)
        return HttpResponseRedirect(self.page_of(job.pk))


def is_offered(verb: Verb, job: ContactImport) -> bool:
    if verb.name in NEED_THE_FILE and not job.file:
        return False
    if verb.name == "retry" and job.state == State.FAILED:
        return job.problem == OUR_FAULT  # a file that can't be read stays so, however often
    return job.state in verb.offered and (verb.name != "run" or job.dry_run)
