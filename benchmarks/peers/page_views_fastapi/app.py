"""The reference's design for page views, as well made as its parts allow: the measure for ours.

    uvicorn benchmarks.peers.page_views_fastapi.app:app --port PORT

FastAPI and Pydantic; each view is a row that is committed before the reply; what `GET /stats` tells
is counted by the database and kept in Redis for CACHE_SECONDS. Several such processes stand behind
NGINX. The reference keeps its views in MongoDB, and this in the database that PixelTrack has.

MYSQL_HOST and its like, and REDIS_URL, say where the stores are.
"""

import json
import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncmy
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, Field
from redis.asyncio import Redis

CACHE_SECONDS = 10
CACHE_KEY = "stats"
CONNECTIONS = 20  # to the database; NGINX shares 64 clients among three of these
# One index, that visitors are counted without reading the rows.
TABLE = """
CREATE TABLE IF NOT EXISTS page_views (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    page_id VARCHAR(255) NOT NULL,
    user_id VARCHAR(255) NOT NULL,
    viewed_at DATETIME(6) NOT NULL,
    INDEX (user_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
"""
INSERT = "INSERT INTO page_views (page_id, user_id, viewed_at) VALUES (%s, %s, %s)"
COUNTS = "SELECT COUNT(*), COUNT(DISTINCT user_id) FROM page_views"


class PageView(BaseModel):
    page_id: str = Field(min_length=1, max_length=255)
    user_id: str = Field(min_length=1, max_length=255)


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
        async with pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(TABLE)
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/track", status_code=201)
async def track(view: PageView, request: Request) -> dict[str, str]:
    now = datetime.now(UTC).replace(tzinfo=None)
    async with request.app.state.pool.acquire() as connection, connection.cursor() as cursor:
        await cursor.execute(INSERT, (view.page_id, view.user_id, now))
    return {"status": "stored"}


@app.get("/stats")
async def stats(request: Request) -> Response:
    redis = request.app.state.redis
    kept = await redis.get(CACHE_KEY)
    if kept is None:
        kept = json.dumps(await count(request.app.state.pool)).encode()
        await redis.set(CACHE_KEY, kept, ex=CACHE_SECONDS)
    return Response(kept, media_type="application/json")


async def count(pool) -> dict[str, int]:
    async with pool.acquire() as connection, connection.cursor() as cursor:
        await cursor.execute(COUNTS)
        views, visitors = await cursor.fetchone()
    return {"total_views": views, "unique_visitors": visitors}
