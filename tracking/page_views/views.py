"""The plain views of page views: the same answers and hits as the express lane's."""

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.views import APIView

from tracking.collect import collect_views
from tracking.fallback import name_of
from tracking.page_views import answers, kept_answers
from tracking.page_views.answers import Request
from tracking.page_views.reply import Refused, Reply


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
    sent = answers.read(asked, request.body)
    if isinstance(sent, Reply):
        return response(sent)
    return response(answers.to_track(asked, sent, collect(sent.hits)))


def gif(request):
    asked = request_of(request)
    return response(answers.to_gif(asked, collect(answers.hits_of_gif(asked))))


def collect(hits):
    try:
        return collect_views(hits)
    except Exception as error:
        return answers.lose_all(hits, name_of(error))


class StatsView(APIView):
    """Views and distinct visitors, in total, by page or by hour."""

    permission_classes = [AllowAny if settings.STATS_PUBLIC else IsAuthenticated]
    schema = None  # described in `pixeltrack/schema.py`, with the paths beside it
    http_method_names = ["get", "head", "options"]

    def get(self, request):
        asked = request_of(request._request)
        question = answers.question(asked)
        if isinstance(question, Reply):
            return response(question)
        try:
            answer = kept_answers.answer(question)
        except Refused as refused:
            answer = refused
        return response(answers.to_stats(asked, answer))

    head = get

    def options(self, request):
        return response(answers.question(request_of(request._request)))


def response(reply: Reply) -> HttpResponse:
    """With these headers and no others."""
    made = HttpResponse(reply.body, status=reply.status, headers=reply.headers)
    if "Content-Type" not in reply.headers:
        del made["Content-Type"]
    return made
