"""The express lane, by ASGI and by its shortcut, and the plain views, to be asked the same."""

import asyncio

from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler

from tracking.lane import ExpressLane

PATIENCE = 60  # seconds: on a busy machine an answer takes its time


async def refuse(scope, receive, send):
    raise AssertionError("the lane let it through to Django")


APPLICATIONS = {
    "lane": lambda: ExpressLane(refuse),
    "shortcut": lambda: ExpressLane(refuse),
    "plain view": ASGIHandler,
}


def ask(name, method, path, headers=(), body=b"", query=b""):
    """(status, headers, body) from one of the applications."""
    scope = scope_of(method, path, headers, query)

    async def exchange():
        application = APPLICATIONS[name]()
        found = None
        try:
            if name != "shortcut" or path == "/stats":  # its answer is kept by who has asked before
                found = await ask_by_asgi(application, scope, body)
            if name == "shortcut":
                found = await ask_by_shortcut(application, scope, body) or found
                found = found or await ask_by_asgi(application, scope, body)
            return found
        finally:
            if isinstance(application, ExpressLane):
                await application.close()

    return asyncio.run(exchange())


def scope_of(method, path, headers=(), query=b"") -> dict:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "scheme": "http",
        "headers": [(key.lower().encode(), value.encode("latin-1")) for key, value in headers],
        "client": ("203.0.113.9", 4711),
        "server": ("127.0.0.1", 8000),
    }


def for_pages(headers) -> dict[str, str]:
    """Those by which a browser lets a page of another site read an answer, or ask for it."""
    lower = {name.lower(): value for name, value in headers}
    return {name: lower[name] for name in lower if name.startswith("access-control-")}


async def ask_by_asgi(application, scope, body):
    server = ApplicationCommunicator(application, scope)
    await server.send_input({"type": "http.request", "body": body})
    start, content = await output_of(server), await output_of(server)
    await server.wait(PATIENCE)
    found = [(key.decode().lower(), value.decode()) for key, value in start["headers"]]
    return start["status"], found, content["body"]


async def output_of(server) -> dict:
    """What the application sends next. What it raises in place of it is raised at once, for which
    the communicator itself would wait out its time."""
    output = asyncio.ensure_future(server.receive_output(PATIENCE))
    await asyncio.wait([output, server.future], return_when=asyncio.FIRST_COMPLETED)
    if server.future.done() and server.future.exception():
        output.cancel()
        server.future.result()
    return await output


async def ask_by_shortcut(application, scope, body):
    """None where there is none."""
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    length = [(b"content-length", b"%d" % len(body))] if body else []
    url, peer = scope["path"].encode() + query, scope["client"][0]
    way = application.quick(scope["method"].encode(), url, scope["headers"] + length, peer)
    if way is None:
        return None
    answered = asyncio.get_running_loop().create_future()

    def answer(make_reply, *arguments):
        try:
            answered.set_result(make_reply(*arguments))
        except Exception as error:
            answered.set_exception(error)

    way(body, answer)
    reply = await asyncio.wait_for(answered, PATIENCE)
    found = [(key.lower(), value) for key, value in reply.headers.items()]
    return reply.status, found, reply.body
