"""What drf-spectacular can't see by itself: the errors that every operation may answer."""

from pixeltrack.problems import CONTENT_TYPE

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
    "401": "Without a valid token or session.",
    "403": "Your role in the team does not allow it.",
    "404": "There is no such row, or it belongs to another team.",
    "409": "What is stored stands against it.",
    "413": "The body is longer than is allowed.",
    "415": "The body is of another kind, or not in UTF-8.",
    "429": "Too many logins have failed. `Retry-After` says for how many seconds to wait.",
    "default": "Any other error.",
}
GUARDED = ("/api/token/", "/api/token/refresh/")
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


def problems_of(path, method, operation) -> list[str]:
    login = path.startswith("/api/token/")
    query = any(parameter["in"] == "query" for parameter in operation.get("parameters", ()))
    happens = {
        "400": query or "requestBody" in operation,
        "401": True,
        "403": not login,
        "404": query or "{" in path,  # an invalid cursor, or no such row
        "409": method != "get" and not login,
        "413": "requestBody" in operation,
        "415": "requestBody" in operation,
        "429": path in GUARDED,
        "default": True,
    }
    return [status for status, may in happens.items() if may]


def response(status) -> dict:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": MEANINGS[status], "content": {CONTENT_TYPE: {"schema": schema}}}
