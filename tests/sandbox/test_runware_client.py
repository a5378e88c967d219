"""A witness from outside: the vendor's own client library, talking REST to the sandbox over real HTTP.

It waits a second before its first poll, so what can be asked at once is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import pytest
from runware import RunOptions, Runware, RunwareError
from runware.types import task_map

from seedance_pipe.sandbox import Limits, Settings
from seedance_pipe.sandbox.settings import RunwareManners
from seedance_pipe.sandbox.vendors.runware.facts import MODELS
from seedance_pipe.sandbox.vendors.runware.order import PARAMETERS
from tests.sandbox.runware import FAST, ONE_5, PRO, Desk, desk, new_uuid
from tests.sandbox.stage import data_uri, fetched, picture

T = TypeVar("T")


def quick(**settings: Any) -> Settings:
    return Settings(**{"queued_seconds": 0, "running_seconds": 0, "paint_patience": 30, **settings})


def meet(shop: Desk, talk: Callable[[Runware], Awaitable[T]], **config: Any) -> T:
    """What a conversation comes to. Each task names its type, for which the client would ask the network."""

    async def conversation() -> T:
        plain = {"api_key": "a key", "transport": "rest", "http_base_url": shop.url, "max_retries": 0}
        async with Runware(**{**plain, **config}) as client:
            return await talk(client)

    return asyncio.run(conversation())


def params(model: str = FAST, **fields: Any) -> dict[str, Any]:
    size = {} if "width" in fields else {"resolution": "480p"}
    plain = {"taskType": "videoInference", "model": model, "positivePrompt": "A wave", "duration": 1.2}
    return {**plain, **size, **fields}


def refusal(shop: Desk, talk: Callable[[Runware], Awaitable[Any]], **config: Any) -> RunwareError:
    with pytest.raises(RunwareError) as caught:
        meet(shop, talk, **config)
    return caught.value


def test_the_client_makes_clips_from_text_from_pictures_and_several_at_once() -> None:
    shot = {"image": data_uri(picture()), "frame": "first"}

    async def talk(client: Runware) -> list[list[dict[str, Any]]]:
        (upload,) = await client.image_upload({"image": data_uri(picture())})
        inputs = {"frameImages": [shot, {"image": upload["imageUUID"], "frame": "last"}]}
        return list(
            await asyncio.gather(
                client.run(params(includeCost=True, seed=5)),
                client.run(params(PRO, inputs=inputs, safety={"checkContent": True})),
                client.run(params(FAST, numberResults=3, outputFormat="MOV")),
                client.run(params(ONE_5, duration=4, outputFormat="WEBM")),
            )
        )

    with desk(settings=quick()) as shop:
        text, pictures, several, sound = meet(shop, talk)
        assert [len(results) for results in (text, pictures, several, sound)] == [1, 1, 3, 1]
        assert (text[0]["seed"], text[0]["cost"], text[0]["status"]) == (5, 0.0076225, "success")
        assert pictures[0]["NSFWContent"] is False
        assert len({result["videoUUID"] for result in several}) == 3
        kinds = [fetched(item["videoURL"]) for item in (text[0], several[0], sound[0])]
        assert [kind.headers["content-type"] for kind in kinds] == ["video/mp4", "video/quicktime", "video/webm"]
        assert len(shop.stage.ledger()) == 6


def test_the_client_hears_of_results_that_come_singly() -> None:
    heard: list[str] = []

    def on_result(item: dict[str, Any]) -> None:
        heard.append(item["videoUUID"])
        shop.stage.clock.pass_by(10)

    async def talk(client: Runware) -> list[dict[str, Any]]:
        return await client.run(params(numberResults=2), RunOptions(on_result=on_result))

    with desk(settings=quick(running_seconds=20)) as shop:

        async def turn(client: Runware) -> list[dict[str, Any]]:
            running = asyncio.ensure_future(talk(client))
            await asyncio.sleep(0.5)
            shop.stage.clock.pass_by(20)
            return await running

        results = meet(shop, turn)
        assert [item["videoUUID"] for item in results] == heard


@pytest.mark.parametrize("in_data", [False, True])
def test_the_client_understands_a_failed_generation_in_both_forms(in_data: bool) -> None:
    with desk(settings=quick(runware=RunwareManners(failures_in_data=in_data))) as shop:
        name = new_uuid()
        wrong = refusal(shop, lambda client: client.run(params(positivePrompt="sandbox:fail", taskUUID=name)))
        assert (wrong.code, wrong.task_uuid) == ("safety", name)


def test_the_client_finds_results_without_a_status() -> None:
    with desk(settings=quick(runware=RunwareManners(finished_status=False))) as shop:
        (result,) = meet(shop, lambda client: client.run(params()))
        assert "status" not in result


def test_the_client_understands_every_refusal() -> None:
    with desk() as shop:
        known = shop.submit()
        seen = {
            name: (wrong.code, wrong.status_code, wrong.parameter)
            for name, wrong in {
                "parameter": refusal(shop, lambda client: client.run(params(duration=99))),
                "unknown key": refusal(shop, lambda client: client.run(params(fps=24))),
                "several": refusal(
                    shop, lambda client: client.run(params(width=864, height=480, resolution="480p"))
                ),
                "conflict": refusal(shop, lambda client: client.run(params(taskUUID=known))),
                "moderation": refusal(shop, lambda client: client.run(params(positivePrompt="sandbox:refuse"))),
                "details": refusal(shop, lambda client: client.get_task_details({"taskUUID": new_uuid()})),
                "synchronous": refusal(shop, lambda client: client.run(params(deliveryMethod="sync"))),
                "no key": refusal(shop, lambda client: client.run(params()), api_key=" "),
            }.items()
        }
        assert seen == {
            "parameter": ("validation", 400, "duration"),
            "unknown key": ("validation", 400, "fps"),
            "several": ("validation", 400, "resolution"),
            "conflict": ("validation", 400, "taskUUID"),
            "moderation": ("safety", 400, "positivePrompt"),
            "details": ("notFound", 404, "taskUUID"),
            "synchronous": ("validation", 400, "deliveryMethod"),
            "no key": ("auth", 401, "apiKey"),
        }


def test_the_sandbox_names_the_vendors_page_where_the_client_does() -> None:
    with desk() as shop:
        wrong = refusal(shop, lambda client: client.run(params(PRO, duration=99)))
        (error,) = shop.post({**params(PRO, duration=99), "taskUUID": new_uuid()}).json()["errors"]
        assert error["documentation"] == wrong.documentation


def test_the_client_understands_limits_and_an_empty_account() -> None:
    empty = RunwareManners(balance=MODELS[FAST].usd / 1000)
    with desk(settings=Settings(limits=Limits(creates_a_minute=1), runware=empty)) as shop:
        wrong = refusal(shop, lambda client: client.run(params()))
        assert (wrong.code, wrong.status_code, wrong.retryable) == ("quota", 402, False)
        wrong = refusal(shop, lambda client: client.run(params()))
        assert (wrong.code, wrong.status_code, wrong.retryable) == ("rateLimit", 429, True)


def test_the_client_reads_polls_the_account_and_details(tmp_path: Path) -> None:
    async def talk(client: Runware) -> list[Any]:
        return [
            await client.get_response({"taskUUID": known}),
            await client.get_response({"taskUUID": new_uuid()}),
            await client.account_management({"operation": "getDetails"}),
            await client.get_task_details({"taskUUID": known}),
        ]

    with desk(tmp_path) as shop:
        known = shop.submit()
        ((poll,), (unknown,), (account,), (details,)) = meet(shop, talk)
        assert [poll["status"], unknown["status"]] == ["processing"] * 2
        assert account["balance"]["amount"] == 1000
        assert details["request"][0]["taskUUID"] == known


def test_the_clients_own_retry_of_a_lost_answer_buys_once_and_ends_in_a_conflict() -> None:
    """Why a conflict on a second sending means that the first arrived: the vendor's client gives up there."""
    with desk() as shop:
        shop.stage.fail({"where": "accepted", "what": "close"})
        wrong = refusal(shop, lambda client: client.run(params()), max_retries=1, retry_delay=1)
        assert (wrong.code, wrong.parameter) == ("validation", "taskUUID")
        assert len(shop.stage.ledger()) == 1


TYPES: dict[str, Any] = {
    PRO: task_map.BytedanceSeedance10ProParams,
    FAST: task_map.BytedanceSeedance10ProFastParams,
    ONE_5: task_map.BytedanceSeedance15ProParams,
}


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.slug)
def test_the_gate_knows_the_parameters_that_the_clients_types_know(model: Any) -> None:
    types = get_type_hints(TYPES[model.air])
    assert set(types) == set(PARAMETERS)
    assert get_args(types["resolution"]) == tuple(model.sizes)
    assert get_args(types["outputFormat"]) == ("MP4", "WEBM", "MOV")
    assert get_args(types["outputType"]) == ("URL",)
    assert task_map.models[model.air].id == model.slug
    assert (types["duration"] is float) is model.tenths
