"""What drf-spectacular is told: how the API's own documentation is made."""


def api_docs(public_url: str) -> dict:
    return {
        "TITLE": "PixelTrack",
        "DESCRIPTION": "Who opened which mail: campaigns, groups, contacts, pixels and openings; "
        "and which pages were viewed.\n\n"
        "PUT needs every required field, PATCH changes what it names; either leaves the rest as it "
        "is. Fields that are unknown, or that are only read, are ignored; but who asks for an "
        "import (POST /api/imports/) names no unknown one, or nothing is begun (400).",
        "VERSION": "1",
        "CONTACT": {"name": "Whoever runs this PixelTrack", "url": public_url},
        "LICENSE": {"name": "MIT", "url": "https://opensource.org/license/mit"},
        "SCHEMA_PATH_PREFIX": "/api/",  # groups the operations by what comes after it
        # What is sent lacks what the server alone sets: a client that is made from the schema asks
        # for it else.
        "COMPONENT_SPLIT_REQUEST": True,
        "SERVE_INCLUDE_SCHEMA": False,
        "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "REDOC_DIST": "SIDECAR",
        "POSTPROCESSING_HOOKS": [
            "drf_spectacular.hooks.postprocess_schema_enums",
            "pixeltrack.schema.document_problems",
            "pixeltrack.schema.ask_for_json",
            "pixeltrack.schema.give_examples",
            "pixeltrack.page_view_schema.describe_page_views",
        ],
    }
