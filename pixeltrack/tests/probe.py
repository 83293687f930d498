"""An ASGI application that tells the tests how the web server treats it."""

import asyncio
import json
import os


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("the application has ended", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/slow":
        print("a slow request has begun", flush=True)
        await asyncio.sleep(1)
    told = {"client": scope["client"][0], "scheme": scope["scheme"], "pid": os.getpid()}
    body = json.dumps(told).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
