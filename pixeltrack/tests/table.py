"""Who may do what, in one table: every route of the URL map, and who gets an answer from it.

`read` stands for GET, HEAD and OPTIONS. A method that a route doesn't name is answered with 405.

    public      everybody
    signed-in   whoever has a token, a key or a session; rows of other teams are not contained
    viewer      … with this role, or a higher one, in the team that the row belongs to; less: 403
    editor      … the same
    manager     … the same. In another team: 404 for an address with an id, else 400
    invited     the stranger, by the invitation in the body; everybody else: 404
    … or 404    a role below is told that there is no such row
    … in person  and not with a key: 403
    … by row    each row of the body has its own answer; of a role below, or in another team, every
                one is an error
    permitted   staff with Django's permission, for whom the superuser stands here; all others: 403
    staff       who may enter the admin; everybody else is sent to log in, or finds nothing

A new route needs a line in ROUTES, and each POST of it a line in BODIES of matrix.py.
"""

from pixeltrack.tests.routes import METHODS

READ = ("GET", "HEAD", "OPTIONS")
ANY = METHODS
COLLECTION = "read: signed-in · POST: editor"
ROW = "read: viewer · PUT PATCH: editor · DELETE: manager"
BULK = "OPTIONS: signed-in · POST: editor by row"
VERB = "OPTIONS: viewer · POST: editor"
LIST = "read: signed-in"
READ_ONLY = "read: viewer"
# The same, of what only managers see, and of what only people write.
FOR_MANAGERS = "read: signed-in · POST: manager in person"
FOR_MANAGERS_ROW = "read: manager or 404 · DELETE: manager or 404 in person"
MEMBERS_ROW = "read: viewer · PUT PATCH DELETE: manager in person"
FOR_STAFF = "read: permitted"  # of what belongs to no team
PAGE = "GET HEAD: public"
MACHINES = "any: public"  # a plain function, which answers every method alike

# What is done to an import, and the state from which it can be done.
VERBS = {
    "pause": "waiting",
    "resume": "paused",
    "cancel": "waiting",
    "retry": "cancelled",
    "run": "done",
}
ROUTES = {
    # -- Pages -------------------------------------------------------------------------------
    "/": MACHINES,  # leads to the admin
    "/p/<token>.gif": PAGE,
    "/track": "OPTIONS POST: public",
    "/t.gif": PAGE,
    "/stats": "read: public",
    "/sample/<contact_id>/": "any: staff",
    "/docs": PAGE,
    "/redoc": PAGE,
    "/openapi.json": "read: public",
    "/favicon.ico": MACHINES,
    "/csp-report": "POST: public",
    "/healthz": MACHINES,
    "/readyz": MACHINES,
    "/metrics": "any: staff",
    "/api-auth/login/": "read POST PUT: public",
    "/api-auth/logout/": "OPTIONS POST: public",
    # -- Tokens ------------------------------------------------------------------------------
    "/api/token/": "OPTIONS POST: public",
    "/api/token/refresh/": "OPTIONS POST: public",
    "/api/token/verify/": "OPTIONS POST: public",
    "/api/token/logout/": "OPTIONS POST: public",
    # -- People ------------------------------------------------------------------------------
    "/api/sign-up/": "OPTIONS POST: public",
    "/api/teams/": "read: signed-in · POST: signed-in in person",
    "/api/teams/<pk>/": MEMBERS_ROW,
    "/api/memberships/": LIST,
    "/api/memberships/<pk>/": MEMBERS_ROW,
    "/api/invitations/": FOR_MANAGERS,
    "/api/invitations/<pk>/": FOR_MANAGERS_ROW,
    "/api/invitations/accept/": "OPTIONS: signed-in · POST: invited in person",
    "/api/api-keys/": FOR_MANAGERS,
    "/api/api-keys/<pk>/": FOR_MANAGERS_ROW,
    # -- Rows --------------------------------------------------------------------------------
    "/api/": "read: signed-in",
    "/api/campaigns/": COLLECTION,
    "/api/campaigns/<pk>/": ROW,
    "/api/campaigns/<pk>/statistics/": READ_ONLY,
    "/api/campaigns/<id>/decide/": "read: viewer · POST: editor",
    "/api/campaigns/<id>/groups/": READ_ONLY,
    "/api/campaigns/<id>/contacts/": READ_ONLY,
    "/api/campaigns/<id>/openings/": READ_ONLY,
    "/api/groups/": COLLECTION,
    "/api/groups/<pk>/": ROW,
    "/api/groups/<id>/contacts/": READ_ONLY,
    "/api/contacts/": COLLECTION,
    "/api/contacts/bulk/": BULK,
    "/api/contacts/<pk>/": ROW,
    "/api/contacts/<pk>/erase/": "OPTIONS: viewer · POST: manager",
    "/api/contacts/<pk>/render/": "OPTIONS POST: viewer",
    "/api/contacts/<id>/pixels/": READ_ONLY,
    "/api/contacts/<id>/openings/": READ_ONLY,
    "/api/pixels/": COLLECTION,
    "/api/pixels/<pk>/": ROW,
    "/api/openings/": COLLECTION,
    "/api/openings/bulk/": BULK,
    "/api/openings/<pk>/": "read: viewer · PUT PATCH DELETE: manager",
    "/api/opening-changes/": LIST,
    "/api/opening-changes/<pk>/": READ_ONLY,
    "/api/erased-addresses/": LIST,
    "/api/erased-addresses/<pk>/": "read: viewer · DELETE: manager",
    "/api/erased-visitors/": f"{FOR_STAFF} · POST: permitted",
    "/api/erased-visitors/<pk>/": f"{FOR_STAFF} · DELETE: permitted",
    "/api/removals/": LIST,
    "/api/removals/<pk>/": READ_ONLY,
    "/api/imports/": COLLECTION,
    "/api/imports/<pk>/": "read: viewer · DELETE: manager",
    "/api/imports/<pk>/pause/": VERB,
    "/api/imports/<pk>/resume/": VERB,
    "/api/imports/<pk>/cancel/": VERB,
    "/api/imports/<pk>/retry/": VERB,
    "/api/imports/<pk>/run/": VERB,
    "/api/imports/<id>/rows/": READ_ONLY,
    # -- Files -------------------------------------------------------------------------------
    "/api/campaigns/<pk>/pixels.csv": READ_ONLY,
    "/api/campaigns/<pk>/pixels.jsonl": READ_ONLY,
    "/api/campaigns/<pk>/openers.csv": READ_ONLY,
    "/api/campaigns/<pk>/openers.jsonl": READ_ONLY,
    "/api/campaigns/<pk>/non-openers.csv": READ_ONLY,
    "/api/campaigns/<pk>/non-openers.jsonl": READ_ONLY,
    "/api/campaigns/<pk>/openings.csv": READ_ONLY,
    "/api/campaigns/<pk>/openings.jsonl": READ_ONLY,
    "/api/groups/<pk>/openers.csv": READ_ONLY,
    "/api/groups/<pk>/openers.jsonl": READ_ONLY,
    "/api/groups/<pk>/non-openers.csv": READ_ONLY,
    "/api/groups/<pk>/non-openers.jsonl": READ_ONLY,
    "/api/groups/<pk>/openings.csv": READ_ONLY,
    "/api/groups/<pk>/openings.jsonl": READ_ONLY,
    "/api/imports/<pk>/rejected.csv": READ_ONLY,
}
