"""An ASGI application that tells the tests how the web server treats it."""

import asyncio
import json
import os
from pathlib import Path

from pixeltrack.worker import Protocol

Protocol.PATIENCE = float(os.environ.get("PROBE_PATIENCE", Protocol.PATIENCE))
Protocol.HEAD_BYTES = int(os.environ.get("PROBE_HEAD_BYTES", Protocol.HEAD_BYTES))


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        (Path(os.environ["PIXEL_VAR_DIR"]) / f"{os.getpid()}.began").touch()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("the application has ended", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/slow":
        print("a slow request has begun", flush=True)
        await asyncio.sleep(1)
    read = 0
    if scope["path"] == "/read":
        read = await length_of_body(receive)
    told = {"client": scope["client"][0], "scheme": scope["scheme"], "pid": os.getpid()}
    told |= {"path": scope["path"], "read": read}
    body = json.dumps(told).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def length_of_body(receive) -> int:
    length, message = 0, {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        length += len(message.get("body", b""))
    print(f"a body has ended: {message['type']}", flush=True)
    return length
