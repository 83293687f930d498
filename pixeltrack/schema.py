"""What drf-spectacular can't see by itself: the errors that every operation may answer."""

from accounts.problem import CONTENT_TYPE

JSON, FORM = "application/json", "multipart/form-data"
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": {**TEXT, "description": "`about:blank`: the status and the code tell it all."},
        "title": {**TEXT, "description": "The name of the HTTP status."},
        "status": NUMBER,
        "detail": {**TEXT, "description": "What is wrong and what to do, in a sentence."},
        "code": {**TEXT, "description": "Stable, for programs."},
        "errors": {
            "type": "array",
            "description": "Every single thing that is wrong with the fields of the request.",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {
                        **TEXT,
                        "nullable": True,
                        "description": "Its path, or null for the whole body.",
                    },
                    "code": TEXT,
                    "detail": TEXT,
                },
            },
        },
    },
    "example": {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "email: The group has a contact with that address already.",
        "code": "invalid",
        "errors": [
            {
                "field": "email",
                "code": "unique",
                "detail": "The group has a contact with that address already.",
            }
        ],
    },
}
MEANINGS = {
    "400": "The request is not acceptable; `errors` says where.",
    "401": "Without a valid token, API key or session.",
    "403": "Your role in the team does not allow it, or it is for people and not for keys.",
    "404": "There is no such row, or it belongs to another team.",
    "409": "What is stored, or a request that is not done yet, stands against it.",
    "422": "The Idempotency-Key came with another request before.",
    "413": "The body is longer than is allowed.",
    "415": "The body is of another kind, or not in UTF-8.",
    "429": "Too many attempts. `Retry-After` says for how many seconds to wait.",
    "default": "Any other error.",
}
PASSWORD, TOKEN, INVITATION = "correct horse battery", "eyJ…", "Zm9yIEFkYQ…"  # of nobody
# A body for each POST, where the operation doesn't bring its own.
EXAMPLES = {
    "/api/token/": {"username": "admin", "password": PASSWORD},
    "/api/token/refresh/": {"refresh": TOKEN},
    "/api/token/verify/": {"token": TOKEN},
    "/api/token/logout/": {"refresh": TOKEN},
    "/api/sign-up/": {
        "username": "ada",
        "email": "ada@example.com",
        "password": PASSWORD,
        "invitation": INVITATION,
    },
    "/api/teams/": {"name": "Newsletter"},
    "/api/invitations/accept/": {"token": INVITATION},
    "/api/campaigns/": {
        "name": "Autumn news",
        "time_zone": "Europe/Berlin",
        "pixels_per_contact": 2,
        "group_names": ["plain", "bold"],
    },
    "/api/groups/": {"campaign": 7, "name": "short"},
    "/api/contacts/": {
        "group": 11,
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "external_id": "crm-1815",
        "scheduled_at": "2026-10-01T08:00:00Z",
    },
    "/api/pixels/": {"contact": 23, "number": 3},
    "/api/openings/bulk/": {
        "openings": [
            {
                "event_id": "5f0c7a4e-6d0b-4c5e-9a51-2f8f5ad3c0de",
                "pixel": 42,
                "opened_at": "2026-10-01T09:30:00Z",
                "verdict": "human",
            }
        ]
    },
}
GUARDED = ("/api/token/", "/api/sign-up/")
METHODS = {"get", "post", "put", "patch", "delete"}


def document_problems(result, generator, request, public):
    """A POSTPROCESSING_HOOK: adds the schema `Problem` and the errors of each operation."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for method in METHODS & operations.keys():
            operation = operations[method]
            for status in problems_of(path, method, operation):
                operation["responses"].setdefault(status, response(status))
    return result


def ask_for_json(result, generator, request, public):
    """A POSTPROCESSING_HOOK: leaves out the forms that only the browsable API sends.

    A client that is generated for three kinds of a body would send the last one. A form that says
    something else than the JSON does, as one with a file, stays.
    """
    for operations in result["paths"].values():
        for operation in operations.values():
            body = operation.get("requestBody", {"content": {}})
            if JSON in body["content"]:
                schema = body["content"][JSON]["schema"]
                body["content"] = {
                    kind: content
                    for kind, content in body["content"].items()
                    if kind == JSON or (kind == FORM and content["schema"] != schema)
                }
    return result


def give_examples(result, generator, request, public):
    """A POSTPROCESSING_HOOK: shows in each body that makes something what it could say."""
    for path, example in EXAMPLES.items():
        body = result["paths"].get(path, {}).get("post", {}).get("requestBody", {})
        for content in body.get("content", {}).values():
            content.setdefault("examples", {"Example": {"value": example}})
    return result


def problems_of(path, method, operation) -> list[str]:
    login = path.startswith("/api/token/")
    parameters = operation.get("parameters", ())
    query = any(parameter["in"] == "query" for parameter in parameters)
    happens = {
        "400": query or "requestBody" in operation,
        "401": login or operation.get("security") != [{}],  # that is open to all
        "403": not login,
        "404": query or "{" in path,  # an invalid cursor, or no such row
        "409": method != "get" and not login,
        "422": any(parameter["name"] == "Idempotency-Key" for parameter in parameters),
        "413": "requestBody" in operation,
        "415": "requestBody" in operation,
        "429": path in GUARDED,
        "default": True,
    }
    return [status for status, may in happens.items() if may]


def response(status) -> dict:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": MEANINGS[status], "content": {CONTENT_TYPE: {"schema": schema}}}
