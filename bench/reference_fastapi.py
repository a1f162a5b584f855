"""Reference: FastAPI under uvicorn, serving the product's own model, bodies, replies and token check.

Started as ``python -m bench.reference_fastapi PORT SECRET ARTEFACT``: one worker, uvloop, httptools, no
access log. Bodies and replies are declared as types and the handler is a coroutine, as FastAPI's guide
advises for speed: a validated body in, and the reply written by pydantic without a detour.
"""

import re
import sys
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from threadpoolctl import threadpool_limits

from leadboost.clock import SystemClock
from leadboost.console.auth import Principal, TokenError, Tokens
from leadboost.console.bodies import PredictBody
from leadboost.console.replies import ForecastReply
from leadboost.domain.roi.artefact import load
from leadboost.domain.roi.forecast import Question
from leadboost.domain.roi.model import RoiModel

_VERSION = re.compile(r"\d+$")


def application(tokens: Tokens, model: RoiModel) -> FastAPI:
    """The two routes that the bench calls."""
    app = FastAPI(openapi_url=None)

    async def principal(
        credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
    ) -> Principal:
        try:
            return tokens.verify(credentials.credentials)
        except TokenError as error:
            raise HTTPException(401, str(error)) from None

    @app.post("/predict")
    async def predict(body: PredictBody, _: Annotated[Principal, Depends(principal)]) -> ForecastReply:
        question = Question(
            spend_micros=body.spend,
            platform=body.platform,
            source=body.source,
            text=body.text,
            attributes=body.attributes,
        )
        return ForecastReply.of(model.predict([question])[0])

    @app.get("/healthz")
    async def healthy() -> None:
        return None

    return app


def serve() -> None:
    """Serve until terminated. The artefact's name ends in its version."""
    port, secret, path = sys.argv[1:]
    artefact = Path(path)
    version = _VERSION.search(artefact.stem)
    model = load(artefact.read_bytes()).model(int(version[0]) if version else 0)
    threadpool_limits(1, user_api="blas")
    uvicorn.run(
        application(Tokens(bytes.fromhex(secret), SystemClock()), model),
        port=int(port),
        loop="uvloop",
        http="httptools",
        access_log=False,
        proxy_headers=False,
        log_level="warning",
        backlog=2048,
    )


if __name__ == "__main__":
    serve()
