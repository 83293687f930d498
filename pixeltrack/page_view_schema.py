"""`/track`, `/t.gif` and `/stats` in the schema: the express lane answers them, where
drf-spectacular sees nothing."""

from copy import deepcopy

from django.conf import settings

from accounts.problem import CONTENT_TYPE
from pixeltrack.schema import JSON, NUMBER, PROBLEM, TEXT
from tracking.models.page_view import NAME_LENGTH
from tracking.page_views.statistics import MOST_HOURS, MOST_PAGES, PAGE_SIZE, STATS_PATH
from tracking.page_views.track import (
    AHEAD_MS,
    GIF_PATH,
    REFERRER_LENGTH,
    TRACK_PATH,
    VIEWS_AT_ONCE,
)

MOMENT = {**TEXT, "format": "date-time"}
EVENT_ID = {**TEXT, "format": "uuid"}
NAME = {**TEXT, "minLength": 1, "maxLength": NAME_LENGTH}
COUNT = {**NUMBER, "minimum": 0}
FIELDS = {
    "page_id": {**NAME, "description": "Which page, byte by byte."},
    "user_id": {**NAME, "description": "Who viewed it, byte by byte: a visitor."},
    "event_id": {
        **EVENT_ID,
        "description": "Which view: sent again, it counts once. One is made unless you send it.",
    },
    "viewed_at": {
        **MOMENT,
        "description": "With its zone, and not to come: now, unless you say. Up to "
        f"{AHEAD_MS // 60_000} minutes ahead are taken for now, for clocks differ.",
    },
    "referrer": {
        **TEXT,
        "maxLength": REFERRER_LENGTH,
        "description": "The address of the page before. Its host is kept.",
    },
}
VIEW = {"page_id": "home", "user_id": "user123"}
KNOWN = "5f0c7a4e-6d0b-4c5e-9a51-2f8f5ad3c0de"


def an_object(properties: dict, required=None, **more) -> dict:
    """All of the properties are required, unless you say which."""
    required = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": required, **more}


def a_list(items: dict, **more) -> dict:
    return {"type": "array", "items": items, **more}


def named(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS = {
    "PageView": an_object(FIELDS, list(VIEW), description="One page, viewed once by one visitor."),
    "TrackedView": an_object({"event_id": EVENT_ID}),
    "RefusedView": an_object({"error": PROBLEM["properties"]["errors"]["items"]}),
    "TrackedViews": an_object(
        {"results": a_list({"oneOf": [named("TrackedView"), named("RefusedView")]})},
        description="Of each view of a list, in its order.",
    ),
    "ViewsOfPage": an_object({"page_id": NAME, "views": COUNT, "visitors": COUNT}),
    "ViewsOfHour": an_object({"at": MOMENT, "views": COUNT, "visitors": COUNT}),
    "ViewStatistics": an_object(
        {
            "total_views": COUNT,
            "unique_visitors": COUNT,
            "as_of": MOMENT,
            "pages": a_list(named("ViewsOfPage"), description="With by=page."),
            "next": {
                **TEXT,
                "nullable": True,
                "description": "With by=page: the address of the next pages, null at the end. A "
                "page whose views change meanwhile may be told twice, or not at all.",
            },
            "series": a_list(
                named("ViewsOfHour"),
                description="With bucket=hour: every hour, also those without views.",
            ),
        },
        ["total_views", "unique_visitors", "as_of"],
    ),
}
MEANINGS = {
    "400": "The body, or the query, can't be read, or asks for what isn't there.",
    "401": "Without a valid token, API key or session.",
    "413": f"The body is longer than is allowed, or the list than {VIEWS_AT_ONCE} views.",
    "415": "The body is neither JSON nor a form, or not in UTF-8.",
    "422": "The view can't be taken in; `errors` says why. Nothing is stored.",
    "503": "No store can be used right now. Send it again later: nothing is stored.",
    "default": "Any other error.",
}


def problems(*statuses: str) -> dict:
    content = {CONTENT_TYPE: {"schema": named("Problem")}}
    return {
        status: {"description": MEANINGS[status], "content": content}
        for status in (*statuses, "default")
    }


def answer(description: str, schema: dict, kind=JSON) -> dict:
    return {"description": description, "content": {kind: {"schema": schema}}}


def parameter(name: str, schema: dict, description: str, **more) -> dict:
    return {"in": "query", "name": name, "schema": schema, "description": description, **more}


TRACK = {
    "operationId": "track",
    "description": "Take in a page view, or a list of up to 1,000 of them.\n\n"
    "202 once it is safe; it counts when the consumer has recorded it, as a rule within a second. "
    "A list is answered with 202 and a result for each of its views, in its order: its `event_id`, "
    "or its `error`. The same `event_id` counts once, so whatever is not answered can be sent "
    "again.\n\n"
    "Pages of any origin may send. The same JSON is taken as `text/plain`, which is what "
    "`navigator.sendBeacon` sends, and the fields of one view as a form "
    "(`application/x-www-form-urlencoded`). Programs send JSON.",
    "tags": ["page views"],
    "security": [{}],
    "requestBody": {
        "required": True,
        "content": {  # as in `ask_for_json`: clients made for several kinds can't send a list
            JSON: {
                "schema": {
                    "oneOf": [
                        named("PageView"),
                        a_list(named("PageView"), minItems=1, maxItems=VIEWS_AT_ONCE),
                    ]
                },
                "examples": {
                    "A view": {"value": VIEW},
                    "A list": {"value": [VIEW | {"event_id": KNOWN}, {**VIEW, "page_id": "news"}]},
                },
            },
        },
    },
    "responses": {
        "202": answer("Stored.", {"oneOf": [named("TrackedView"), named("TrackedViews")]}),
        **problems("400", "413", "415", "422", "503"),
    },
}
GIF = {
    "operationId": "track_by_gif",
    "description": "Take in a page view from a page without JavaScript.\n\n"
    "It answers the same GIF whatever becomes of the view, also where a parameter is missing. "
    '`<img src="…/t.gif?page_id=home&user_id=user123" alt="">`',
    "tags": ["page views"],
    "security": [{}],
    # None is marked as required: without it, too, the answer is the GIF.
    "parameters": [parameter(name, each, each["description"]) for name, each in FIELDS.items()],
    "responses": {
        "200": answer("A transparent GIF.", {**TEXT, "format": "binary"}, "image/gif"),
    },
}
STATS = {
    "operationId": "stats",
    "description": "Page views and distinct visitors: exact, of all that is recorded. Answers are "
    "kept for a second.\n\n"
    "In total; of one page with `page_id`; of each page with `by=page`, those with most views "
    "first; of each hour with `bucket=hour`, in total or of one page.",
    "tags": ["page views"],
    "parameters": [
        parameter("page_id", NAME, "Of this page."),
        parameter("by", {**TEXT, "enum": ["page"]}, "Tell of each page."),
        parameter(
            "page_size",
            {**NUMBER, "minimum": 1, "maximum": MOST_PAGES, "default": PAGE_SIZE},
            "With by=page: of how many.",
        ),
        parameter(
            "after",
            {**TEXT, "pattern": "^[0-9]{1,18}-[0-9]{1,18}$"},
            "With by=page: only pages after this place, as `next` names it.",
        ),
        parameter("bucket", {**TEXT, "enum": ["hour"]}, "Tell of each hour."),
        parameter(
            "from",
            MOMENT,
            f"With bucket=hour: from the hour of this moment on; a day before the end, unless you "
            f"say. At most {MOST_HOURS:,} hours.",
        ),
        parameter("to", MOMENT, "With bucket=hour: before this moment; now, unless you say."),
    ],
    "responses": {
        "200": answer("The figures.", named("ViewStatistics")),
        **problems("400", "503"),
    },
}


def describe_page_views(result, generator, request, public):
    """A POSTPROCESSING_HOOK. Who may read the figures, a setting decides."""
    stats = deepcopy(STATS)
    if settings.STATS_PUBLIC:
        stats["security"] = [{}]
    else:
        stats["security"] = [{name: []} for name in result["components"]["securitySchemes"]]
        stats["responses"] |= problems("401")
    result["components"]["schemas"] |= deepcopy(SCHEMAS)
    result["paths"] |= {
        TRACK_PATH: {"post": deepcopy(TRACK)},
        GIF_PATH: {"get": deepcopy(GIF)},
        STATS_PATH: {"get": stats},
    }
    return result
