"""The plain views of page views: the same answers and hits as the express lane's."""

from time import perf_counter

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.views import APIView

from tracking.collect import collect_views
from tracking.fallback import name_of
from tracking.page_views import answers, kept_answers
from tracking.page_views.answers import SECONDS, Request
from tracking.page_views.reply import FOR_ANY_PAGE, Refused, Reply


def request_of(request) -> Request:
    meta = request.META
    return Request(
        request.method,
        request.path_info,
        meta.get("QUERY_STRING", "").encode(errors="surrogateescape"),
        content_type=meta.get("CONTENT_TYPE", ""),
        origin=meta.get("HTTP_ORIGIN", ""),
        request_id=meta.get("HTTP_X_REQUEST_ID", ""),
    )


@csrf_exempt
def track(request):
    asked = request_of(request)
    if refused := answers.before_body(asked):
        return response(refused)
    body = request.body
    begun = perf_counter()
    sent = answers.read(asked, body)
    if isinstance(sent, Reply):
        return response(sent)
    outcomes = collect(sent.read())
    SECONDS.observe(perf_counter() - begun)
    return response(answers.to_track(asked, sent, outcomes))


def gif(request):
    asked = request_of(request)
    begun = perf_counter()
    outcomes = collect(answers.hits_of_gif(asked))
    SECONDS.observe(perf_counter() - begun)
    return response(answers.to_gif(asked, outcomes))


def collect(hits):
    try:
        return collect_views(hits)
    except Exception as error:
        return answers.lose_all(hits, name_of(error))


class StatsView(APIView):
    """Views and distinct visitors, in total, by page or by hour."""

    schema = None  # described in `pixeltrack/schema.py`, with the paths beside it
    http_method_names = ["get", "head", "options"]

    def initial(self, request, *args, **kwargs):
        """Who asks is looked at only where it matters; a browser that asks on behalf of a page,
        before the page may, brings no token."""
        if not settings.STATS_PUBLIC and request.method != "OPTIONS":
            super().initial(request, *args, **kwargs)

    def get(self, request):
        asked = request_of(request._request)
        question = answers.question(asked)
        if isinstance(question, Reply):
            return response(question)
        try:
            answer = kept_answers.answer(question)
        except Refused as refused:
            answer = refused
        return response(answers.to_stats(asked.method, answer))

    head = get

    def options(self, request):
        return response(answers.question(request_of(request._request)))

    def finalize_response(self, *args, **kwargs):
        """With what a page needs to read it, also where it is refused."""
        found = super().finalize_response(*args, **kwargs)
        for name, value in FOR_ANY_PAGE.items():
            found[name] = value
        return found


def response(reply: Reply) -> HttpResponse:
    """With these headers and no others."""
    made = HttpResponse(reply.body, status=reply.status, headers=reply.headers)
    if "Content-Type" not in reply.headers:
        del made["Content-Type"]
    return made
