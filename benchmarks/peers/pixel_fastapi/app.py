"""The reference's design for pixels, as well made as its parts allow: the measure for ours.

    uvicorn benchmarks.peers.pixel_fastapi.app:app --port PORT

FastAPI and SQLAlchemy, both asynchronous; the token is decrypted with Fernet, the pixel looked up,
Redis asked whether this reader has opened it within the hour, and each opening is a row that is
committed before the reply.

MYSQL_HOST and its like, REDIS_URL and FERNET_KEY say where the stores are and how tokens were made.
"""

import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import blake2b

from cryptography.fernet import Fernet, InvalidToken
from fastapi import FastAPI, Request, Response
from redis.asyncio import Redis
from sqlalchemy import URL, BigInteger, ForeignKey, String, select
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.peers.pixel_gif import GIF, HEADERS

CONNECTIONS = 20  # to the database; 32 clients share them
REFRESH_S = 3600


class Base(DeclarativeBase):
    pass


class Pixel(Base):
    __tablename__ = "pixels"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(32), unique=True)
    contact_id: Mapped[int] = mapped_column(BigInteger)


class Opening(Base):
    __tablename__ = "openings"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    pixel_id: Mapped[int] = mapped_column(ForeignKey("pixels.id"))
    opened_at: Mapped[datetime] = mapped_column(DATETIME(fsp=6))
    user_agent: Mapped[str] = mapped_column(String(512))
    ip: Mapped[str] = mapped_column(String(45))


@asynccontextmanager
async def lifespan(app: FastAPI):
    url = URL.create(
        "mysql+asyncmy",
        username=os.environ["MYSQL_USER"],
        password=os.environ["MYSQL_PASSWORD"],
        host=os.environ["MYSQL_HOST"],
        port=int(os.environ["MYSQL_PORT"]),
        database=os.environ["MYSQL_DATABASE"],
    )
    engine = create_async_engine(url, pool_size=CONNECTIONS, max_overflow=0)
    async with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        app.state.redis, app.state.fernet = redis, Fernet(os.environ["FERNET_KEY"])
        yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/p/{token}.gif")
async def pixel(token: str, request: Request) -> Response:
    state = request.app.state
    try:
        uuid = state.fernet.decrypt(token + "=").hex()
    except InvalidToken:
        return gif()
    async with state.sessions() as session:
        found = await session.scalar(select(Pixel).where(Pixel.uuid == uuid))
        agent = request.headers.get("user-agent", "")[:512]
        if found and await is_first(state.redis, found.id, agent):
            now = datetime.now(UTC).replace(tzinfo=None)
            ip = request.client.host
            session.add(Opening(pixel_id=found.id, opened_at=now, user_agent=agent, ip=ip))
            await session.commit()
    return gif()


async def is_first(redis: Redis, pixel: int, agent: str) -> bool:
    reader = blake2b(agent.encode(), digest_size=8).hexdigest()
    return bool(await redis.set(f"opened:{pixel}:{reader}", 1, nx=True, ex=REFRESH_S))


def gif() -> Response:
    return Response(GIF, media_type="image/gif", headers=HEADERS)
