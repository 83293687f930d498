"""The reference's design for pixels, as well made as its parts allow: the measure for ours.

    uvicorn benchmarks.peers.pixel_fastapi.app:app --port PORT

FastAPI; the token is decrypted with Fernet, the pixel looked up, Redis asked whether this reader
has opened it within the hour, and each opening is a row that is committed before the reply.

MYSQL_HOST and its like, REDIS_URL and FERNET_KEY say where the stores are and how tokens were made.
"""

import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID

import asyncmy
from cryptography.fernet import Fernet, InvalidToken
from fastapi import FastAPI, Request, Response
from redis.asyncio import Redis

from benchmarks.peers.pixel_gif import GIF, HEADERS

CONNECTIONS = 20  # to the database; 32 clients share them
REFRESH_S = 3600
FIND = "SELECT id FROM pixels WHERE uuid = %s"
INSERT = "INSERT INTO openings (pixel_id, opened_at, user_agent, ip) VALUES (%s, %s, %s, %s)"


@asynccontextmanager
async def lifespan(app: FastAPI):
    pool = await asyncmy.create_pool(
        host=os.environ["MYSQL_HOST"],
        port=int(os.environ["MYSQL_PORT"]),
        user=os.environ["MYSQL_USER"],
        password=os.environ["MYSQL_PASSWORD"],
        db=os.environ["MYSQL_DATABASE"],
        charset="utf8mb4",
        autocommit=True,
        minsize=CONNECTIONS,
        maxsize=CONNECTIONS,
    )
    async with pool, Redis.from_url(os.environ["REDIS_URL"]) as redis:
        app.state.pool, app.state.redis = pool, redis
        app.state.fernet = Fernet(os.environ["FERNET_KEY"])
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/p/{token}.gif")
async def pixel(token: str, request: Request) -> Response:
    state = request.app.state
    try:
        uuid = UUID(bytes=state.fernet.decrypt(token + "="))
    except (InvalidToken, ValueError):
        return gif()
    async with state.pool.acquire() as connection, connection.cursor() as cursor:
        await cursor.execute(FIND, (uuid.hex,))
        if found := await cursor.fetchone():
            agent, ip = request.headers.get("user-agent", "")[:512], request.client.host
            if await is_first(state.redis, found[0], agent):
                now = datetime.now(UTC).replace(tzinfo=None)
                await cursor.execute(INSERT, (found[0], now, agent, ip))
    return gif()


async def is_first(redis: Redis, pixel: int, agent: str) -> bool:
    reader = blake2b(agent.encode(), digest_size=8).hexdigest()
    return bool(await redis.set(f"opened:{pixel}:{reader}", 1, nx=True, ex=REFRESH_S))


def gif() -> Response:
    return Response(GIF, media_type="image/gif", headers=HEADERS)
