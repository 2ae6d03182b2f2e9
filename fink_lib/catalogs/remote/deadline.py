"""One HTTP question with a deadline for the whole answer: a server that drips bytes is left as a silent one is."""

import asyncio
from typing import Any

import httpx


def ask(method: str, url: str, timeout_s: float, **options: Any) -> httpx.Response:
    """Return the whole answer, its body read.

    Parameters
    ----------
    method, url
        What is asked.
    timeout_s
        From looking up the name to the last byte; the time-outs of HTTP libraries count from byte to byte.
    options
        For `httpx.AsyncClient.request`.

    Raises
    ------
    httpx.HTTPError
        When there is no answer, or not the whole of one in time.
    """
    try:
        return asyncio.run(_whole(method, url, timeout_s, options))
    except TimeoutError as late:
        raise httpx.ReadTimeout(f"no whole answer within {timeout_s:g} s") from late


async def _whole(method: str, url: str, timeout_s: float, options: dict[str, Any]) -> httpx.Response:
    async with asyncio.timeout(timeout_s), httpx.AsyncClient(timeout=timeout_s, follow_redirects=True) as client:
        return await client.request(method, url, **options)
