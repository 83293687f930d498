"""The express lane and the plain views, to be asked the same."""

import asyncio

from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler

from tracking.lane import ExpressLane


async def refuse(scope, receive, send):
    raise AssertionError("the lane let it through to Django")


APPLICATIONS = {"lane": lambda: ExpressLane(refuse), "plain view": ASGIHandler}


def ask(name, method, path, headers=(), body=b"", query=b""):
    """(status, headers, body) from one of the two applications."""
    raw = [(key.lower().encode(), value.encode("latin-1")) for key, value in headers]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "scheme": "http",
        "headers": raw,
        "client": ("203.0.113.9", 4711),
        "server": ("127.0.0.1", 8000),
    }

    async def exchange():
        application = APPLICATIONS[name]()
        server = ApplicationCommunicator(application, scope)
        await server.send_input({"type": "http.request", "body": body})
        start = await server.receive_output(5)
        content = await server.receive_output(5)
        await server.wait(5)
        if isinstance(application, ExpressLane):
            if application.hits:
                await application.hits.close()
            await application.views.close()
        found = [(key.decode(), value.decode()) for key, value in start["headers"]]
        return start["status"], found, content["body"]

    return asyncio.run(exchange())
