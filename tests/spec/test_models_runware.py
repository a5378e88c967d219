"""The three models of Runware: what the vendor takes and refuses (runware.md section 7, 2026-11-21), and what a
story becomes on them.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints

import pytest
from jsonschema import Draft202012Validator
from runware.types import task_map

from seedance_pipe.document import thaw
from seedance_pipe.media.probe import check_clip
from seedance_pipe.plan.cost import Estimate, estimates
from seedance_pipe.spec.medium import Kind, Role
from seedance_pipe.spec.model import MediaLimits
from seedance_pipe.spec.request import Request
from seedance_pipe.units import Money, Size
from tests.conftest import Pipe
from tests.spec.asking import asked, brought, known, read, write

PRO, FAST, MID = "runware/bytedance:2@1", "runware/bytedance:2@2", "runware/bytedance:seedance@1.5-pro"
MODELS = (PRO, FAST, MID)
URL = "https://example.org/x.png"
FIRST = {"image": URL, "frame": "first"}
LAST = {"image": URL, "frame": "last"}
UUID = "5b1f0c8e-8a52-4c6f-9a5e-3d1f2a4b5c6d"


def takes(name: str, **parameters: Any) -> bool:
    """Whether the schema, read as any tool would, lets a whole task through."""
    model = known(name)
    task = {"taskType": "videoInference", "taskUUID": UUID, "model": model.wire, "positivePrompt": "waves"}
    return Draft202012Validator(thaw(model.document)).is_valid({**task, **parameters})


def frames(*items: Any) -> dict[str, Any]:
    return {"frameImages": list(items)}


@pytest.mark.parametrize("name", MODELS)
def test_every_schema_is_a_valid_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(thaw(known(name).document))


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        (PRO, task_map.BytedanceSeedance10ProParams),
        (FAST, task_map.BytedanceSeedance10ProFastParams),
        (MID, task_map.BytedanceSeedance15ProParams),
    ],
)
def test_the_parameters_are_those_of_the_vendors_own_types(name: str, theirs: Any) -> None:
    """All but `routing`, of which nothing is documented; and the choices are the same."""
    document = thaw(known(name).document)
    properties, hints = document["properties"], get_type_hints(theirs, include_extras=True)
    assert set(properties) == set(hints) - {"routing"}
    assert set(document["required"]) == {one for one, hint in hints.items() if get_origin(hint) is not NotRequired}
    for one, part in properties.items():
        hint = hints[one] if get_origin(hints[one]) is not NotRequired else get_args(hints[one])[0]
        if get_origin(hint) is Literal:
            assert set(get_args(hint)) == set(part.get("enum", [part.get("const")])), one


@pytest.mark.parametrize("name", MODELS)
def test_there_are_pictures_or_pixels_or_a_resolution_and_never_two_sizes(name: str) -> None:
    size = {"width": 640, "height": 640}
    assert takes(name, resolution="480p")
    assert takes(name, **size)
    assert takes(name, inputs=frames(FIRST))
    assert takes(name, inputs=frames(FIRST), **size)
    assert takes(name, inputs=frames(FIRST), resolution="480p")
    assert not takes(name)
    assert not takes(name, resolution="480p", **size)
    assert not takes(name, width=640)
    assert not takes(name, height=640)
    assert not takes(name, width=640, height=480)
    assert not takes(name, width=641, height=641)


@pytest.mark.parametrize("name", MODELS)
def test_each_pair_of_the_table_is_taken_and_no_other(name: str) -> None:
    pairs = {(size.width, size.height) for size in known(name).sizes.values()}
    widths, heights = {width for width, _ in pairs}, {height for _, height in pairs}
    for width in widths:
        for height in heights:
            assert takes(name, width=width, height=height) == ((width, height) in pairs)


def test_the_tables_have_as_many_pairs_as_the_vendors_pages() -> None:
    assert {name: len(known(name).sizes) for name in MODELS} == {PRO: 14, FAST: 18, MID: 18}
    assert known(PRO).sizes["480p", "9:21"] == Size(416, 960)
    assert known(PRO).sizes["1080p", "16:9"] == Size(1920, 1088)
    assert known(FAST).sizes["720p", "16:9"] == Size(1248, 704)
    assert known(MID).sizes["1080p", "21:9"] == Size(2206, 946)
    assert not any(ratio == "9:21" for _, ratio in (*known(FAST).sizes, *known(MID).sizes))


@pytest.mark.parametrize("name", [PRO, MID])
def test_two_frames_are_first_and_last_in_their_short_and_long_form(name: str) -> None:
    good: list[list[Any]] = [[URL], [URL, URL], [{"image": URL}], [FIRST, LAST], [URL, LAST], [LAST, FIRST]]
    good += [[{"image": UUID, "frame": 0}], [{"image": "aGk=", "frame": 0}, {"image": URL, "frame": -1}]]
    bad: list[list[Any]] = [
        [],
        [URL, URL, URL],
        [LAST],
        [{"frame": "first"}],
        [{"image": URL, "frame": 1}],
        [""],
        [7],
    ]
    assert all(takes(name, inputs=frames(*items)) for items in good)
    assert not any(takes(name, inputs=frames(*items)) for items in bad)
    assert not takes(name, inputs=frames({"inputImage": URL}))
    assert not takes(name, inputs={**frames(FIRST), "referenceImages": [URL]})


def test_the_fast_model_opens_with_a_picture_and_ends_with_none() -> None:
    assert takes(FAST, inputs=frames(FIRST))
    assert takes(FAST, inputs=frames(URL))
    bad: list[list[Any]] = [[FIRST, LAST], [LAST], [URL, URL], [{"image": URL, "frame": -1}]]
    assert not any(takes(FAST, inputs=frames(*items)) for items in bad)


RESOLUTIONS = {PRO: ("480p", "1080p"), FAST: ("480p", "720p", "1080p"), MID: ("480p", "720p", "1080p")}
SECONDS: dict[str, tuple[float, int, list[Any]]] = {
    PRO: (1.2, 12, [1.1, 12.1, "5"]),
    FAST: (1.2, 12, [1.1, 12.1]),
    MID: (4, 12, [3, 13, 4.5, "5", -1]),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_is_taken_up_to_its_limits_and_not_beyond(name: str) -> None:
    least, most, outside = SECONDS[name]
    good: dict[str, list[Any]] = {
        "positivePrompt": ["ab", "x" * 3000],
        "resolution": [*RESOLUTIONS[name]],
        "duration": [least, most, 5],
        "seed": [0, 2**63 - 1],
        "numberResults": [1, 4],
        "outputFormat": ["MP4", "WEBM", "MOV"],
        "outputQuality": [20, 99],
        "outputType": ["URL"],
        "deliveryMethod": ["async"],
        "includeCost": [True],
        "ttl": [60, 10**9],
        "webhookURL": ["https://example.org/hook?id=1"],
        "uploadEndpoint": ["https://example.org/put"],
        "safety": [{}, {"checkContent": True}, {"checkContent": False, "mode": "none"}, {"mode": "full"}],
        "providerSettings": [{}, {"bytedance": {}}, {"bytedance": {"cameraFixed": True}}],
    }
    bad: dict[str, list[Any]] = {
        "taskType": ["imageInference"],
        "taskUUID": ["5b1f0c8e-8a52-1c6f-9a5e-3d1f2a4b5c6d", "x"],
        "model": [known(name).familiar],
        "positivePrompt": ["a", "x" * 3001, None],
        "resolution": ["4k", "480P", *({"720p"} - {*RESOLUTIONS[name]})],
        "duration": [*outside, None],
        "seed": [-1, 2**63, 1.5, "1"],
        "numberResults": [0, 5, "1"],
        "outputFormat": ["mp4", "GIF"],
        "outputQuality": [19, 100],
        "outputType": ["dataURI"],
        "deliveryMethod": ["sync"],
        "includeCost": ["true"],
        "ttl": [59, 60.5],
        "webhookURL": ["example.org"],
        "uploadEndpoint": ["file:///etc/passwd"],
        "safety": [True, {"mode": "slow"}, {"checkContent": "true"}, {"level": 1}],
        "providerSettings": [{"google": {}}, {"bytedance": {"cameraFixed": "true"}}, {"bytedance": {"fps": 24}}],
        "fps": [24],
        "negativePrompt": ["rain"],
        "routing": [{}],
    }
    for taken, table in ((True, good), (False, bad)):
        for parameter, values in table.items():
            for value in values:
                sent = {"resolution": "480p", parameter: value}
                assert takes(name, **sent) is taken, (parameter, value)


def test_the_model_with_sound_may_choose_its_length_and_the_others_may_not() -> None:
    assert takes(MID, resolution="480p", duration="auto")
    assert not takes(PRO, resolution="480p", duration="auto")


@pytest.mark.parametrize("name", MODELS)
def test_pictures_go_inside_when_small_and_are_uploaded_when_not(name: str) -> None:
    limits = known(name).media[Kind.IMAGE]
    assert limits == MediaLimits(
        inline=True,
        assets=False,
        types=("image/jpeg", "image/png", "image/webp", "image/bmp", "image/gif"),
        bytes=None,
        upload=True,
        inline_bytes=1_000_000,
    )
    assert set(known(name).media) == {Kind.IMAGE}


def test_every_model_is_found_by_its_slug_and_by_the_name_that_other_vendors_use() -> None:
    for name, alias in ((PRO, "seedance-1-0-pro"), (FAST, "seedance-1-0-pro-fast"), (MID, "seedance-1-5-pro")):
        assert known(f"runware/{alias}") is known(f"runware/bytedance-{alias}") is known(name)


def asking(name: str, **more: Any) -> dict[str, Any]:
    """The body that a shot becomes, without what the program owns on every task."""
    made, told = asked(known(name), prompt="waves", **more)
    assert made is not None, told
    owned = {"taskType": "videoInference", "model": known(name).wire, "outputType": "URL", "includeCost": True}
    owned["deliveryMethod"] = "async"
    body = thaw(made.body)
    assert {key: body.pop(key) for key in owned} == owned
    assert body.pop("positivePrompt") == "waves"
    return dict(body)


def shown(made: Request | None) -> Request:
    assert made is not None
    return made


OPENS, ENDS = brought(Role.FIRST_FRAME), brought(Role.LAST_FRAME)


@pytest.mark.parametrize(
    ("name", "keys", "body"),
    [
        (PRO, {}, {"width": 1920, "height": 1088}),
        (PRO, {"resolution": "480p"}, {"width": 864, "height": 480}),
        (PRO, {"resolution": "480p", "ratio": "9:21"}, {"width": 416, "height": 960}),
        (PRO, {"ratio": "1:1"}, {"width": 1440, "height": 1440}),
        (FAST, {"resolution": "720p"}, {"width": 1248, "height": 704}),
        (MID, {}, {"width": 1280, "height": 720}),
        (MID, {"resolution": "1080p", "ratio": "21:9"}, {"width": 2206, "height": 946}),
        (PRO, {"seed": -1}, {"width": 1920, "height": 1088}),
        (PRO, {"seed": 2**63 - 1}, {"width": 1920, "height": 1088, "seed": 2**63 - 1}),
        (PRO, {"duration": 2.5}, {"width": 1920, "height": 1088, "duration": 2.5}),
        (MID, {"duration": "auto"}, {"width": 1280, "height": 720, "duration": "auto"}),
        (
            PRO,
            {"camera_fixed": True},
            {"width": 1920, "height": 1088, "providerSettings": {"bytedance": {"cameraFixed": True}}},
        ),
        (
            PRO,
            {"params": {"safety": {"checkContent": True}, "outputFormat": "WEBM", "ttl": 3600}},
            {
                "width": 1920,
                "height": 1088,
                "safety": {"checkContent": True},
                "outputFormat": "WEBM",
                "ttl": 3600,
            },
        ),
        (PRO, {"params": {"width": 864, "height": 480}}, {"width": 864, "height": 480}),
    ],
)
def test_text_alone_is_asked_for_in_exact_pixels(name: str, keys: dict[str, Any], body: dict[str, Any]) -> None:
    assert asking(name, **keys) == body


@pytest.mark.parametrize("name", MODELS)
def test_a_picture_is_followed_unless_a_ratio_is_wanted(name: str) -> None:
    picture = {"inputs": frames({"image": None, "frame": "first"})}
    assert asking(name, media=[OPENS]) == picture
    assert asking(name, media=[OPENS], resolution="480p") == {**picture, "resolution": "480p"}
    assert asking(name, media=[OPENS], resolution="480p", ratio="adaptive") == {**picture, "resolution": "480p"}
    square = {"width": 640, "height": 640}
    assert asking(name, media=[OPENS], resolution="480p", ratio="1:1") == {**picture, **square}


def test_a_first_and_a_last_frame_are_written_in_the_long_form() -> None:
    made = shown(asked(known(PRO), prompt="waves", media=[OPENS, ENDS], resolution="480p")[0])
    first, last = {"image": None, "frame": "first"}, {"image": None, "frame": "last"}
    assert thaw(made.body)["inputs"] == frames(first, last)
    assert [medium.hole for medium in made.media] == [
        ("inputs", "frameImages", 0, "image"),
        ("inputs", "frameImages", 1, "image"),
    ]


@pytest.mark.parametrize(
    ("name", "keys", "words"),
    [
        (PRO, {"resolution": "720p"}, "480p or 1080p"),
        (PRO, {"ratio": "2:1"}, "ratio"),
        (FAST, {"ratio": "9:21"}, "ratio"),
        (PRO, {"ratio": "adaptive"}, "'adaptive' follows a picture, and there is none"),
        (PRO, {"duration": 13}, "12"),
        (PRO, {"duration": "auto"}, "does not choose the length itself"),
        (MID, {"duration": 4.5}, "duration"),
        (PRO, {"frames": 121}, "frames"),
        (PRO, {"audio": True}, "seedance-1-0-pro"),
        (PRO, {"watermark": True}, "seedance-1-0-pro"),
        (PRO, {"media": [ENDS]}, "a last_frame needs a first_frame too"),
        (FAST, {"media": [OPENS, ENDS]}, "last"),
        (PRO, {"media": [brought(Role.REFERENCE)], "resolution": "480p"}, "reference"),
        (PRO, {"params": {"inputs": {"frameImages": [URL]}}}, "the program sets this itself"),
        (PRO, {"params": {"taskUUID": UUID}}, "the program sets this itself"),
        (PRO, {"params": {"numberResults": 2}}, "the program sets this itself"),
        (PRO, {"params": {"includeCost": False}}, "the program sets this itself"),
        (PRO, {"params": {"outputFormat": "mp4"}}, "MP4"),
        (PRO, {"params": {"width": 864}}, "width and height come together"),
        (PRO, {"params": {"width": 864, "height": 640}}, "the model does not make this size"),
        (PRO, {"resolution": "480p", "params": {"width": 864, "height": 480}}, "the size is given twice"),
        (PRO, {"params": {"providerSettings": {"bytedance": {"cameraFixd": True}}}}, "did you mean 'cameraFixed'"),
    ],
)
def test_what_a_model_cannot_do_is_told_in_one_sentence(name: str, keys: dict[str, Any], words: str) -> None:
    made, told = asked(known(name), prompt="waves", **keys)
    assert made is None
    assert len(told) == 1
    assert words in told[0]


def test_a_native_switch_and_its_portable_twin_are_said_twice() -> None:
    settings = {"providerSettings": {"bytedance": {"cameraFixed": True}}}
    made, told = asked(known(PRO), prompt="waves", camera_fixed=True, params=settings)
    assert made is None
    assert all("sets it too" in one for one in told)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_delivered_and_how_is_no_part_of_what_a_shot_orders(name: str) -> None:
    delivery = {"ttl": 60, "webhookURL": URL, "uploadEndpoint": URL, "safety": {"mode": "full"}}
    plain = shown(asked(known(name), prompt="waves", resolution="480p")[0])
    busy = shown(asked(known(name), prompt="waves", resolution="480p", params=delivery)[0])
    assert thaw(plain.order) == thaw(busy.order)
    webm = shown(asked(known(name), prompt="waves", resolution="480p", params={"outputFormat": "WEBM"})[0])
    worse = shown(asked(known(name), prompt="waves", resolution="480p", params={"outputQuality": 50})[0])
    assert thaw(webm.order) != thaw(plain.order) != thaw(worse.order)
    assert "deliveryMethod" not in plain.order


SECOND_TABLE = [(1.2, 29), (1.3, 33), (2.5, 61), (5, 121), (8, 193), (9.9, 237), (11.9, 285), (12, 289)]


@pytest.mark.parametrize(("seconds", "count"), SECOND_TABLE)
def test_a_clip_has_the_nearest_number_of_frames_that_the_model_makes(seconds: float, count: int) -> None:
    made = shown(asked(known(PRO), prompt="waves", duration=seconds)[0])
    assert made.footage.frames == count == made.footage.longest


def priced(folder: Path, model: str, shot: str) -> Estimate:
    story = f"version: 1\nmodel: {model}\nshots:\n  - {{id: a, prompt: waves, {shot}}}\n"
    reading = read(write(folder, story))
    assert reading.story is not None, reading.diagnostics
    return estimates(reading.story)["a"]


@pytest.mark.parametrize(
    ("model", "shot", "bill"),
    [
        ("runware/bytedance:2@1", "duration: 8", "0.7795656"),
        ("runware/bytedance:2@1", 'duration: 8, ratio: "4:3"', "0.7749799"),
        ("runware/seedance-1-0-pro", "duration: 5, resolution: 1080p", "0.48874"),
        ("runware/bytedance:2@2", "duration: 5, resolution: 720p", "0.067377882"),
        ("runware/seedance-1-0-pro-fast", "params: {width: 1248, height: 704}", "0.067377882"),
    ],
)
def test_a_plan_prices_what_the_vendors_receipts_say(tmp_path: Path, model: str, shot: str, bill: str) -> None:
    """The receipts of runware.md section 8, which are rounded to five decimals or more."""
    estimate = priced(tmp_path, model, shot)
    assert estimate.exact
    assert estimate.most is not None
    assert abs(estimate.most.amount - Decimal(bill)) < Decimal("0.00001")


def test_the_price_of_a_picture_whose_shape_is_followed_is_that_of_the_largest(tmp_path: Path) -> None:
    shot = "first_frame: 'https://example.org/x.png', resolution: 480p"
    estimate = priced(tmp_path, "runware/seedance-1-0-pro", shot)
    assert estimate.most == Money(Decimal(864 * 480 * 121 // 1024) * Decimal("1.98") / 1_000_000)
    assert not estimate.exact
    assert "the largest" in estimate.why


def test_the_price_of_a_picture_without_a_resolution_is_not_known(tmp_path: Path) -> None:
    shot = "first_frame: 'https://example.org/x.png'"
    assert priced(tmp_path, "runware/seedance-1-0-pro", shot).most is None


def test_a_silent_clip_is_half_the_price_of_one_with_sound(tmp_path: Path) -> None:
    sounding = priced(tmp_path, "runware/seedance-1-5-pro", "resolution: 720p")
    assert (sounding.most, sounding.exact) == (Money(Decimal("0.26136")), True)
    silent = priced(tmp_path, "runware/seedance-1-5-pro", "resolution: 720p, audio: false")
    assert (silent.most, silent.exact) == (Money(Decimal("0.13068")), True)


def test_a_story_on_runware_validates_and_its_plan_names_the_exact_amount(pipe: Pipe, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "version: 1\nmodel: runware/seedance-1-0-pro\ndefaults: {resolution: 480p, duration: 5}\n"
        'shots:\n  - {id: sea, prompt: waves, ratio: "16:9"}\n'
        "  - {id: sky, prompt: clouds, continues: sea, params: {outputQuality: 90}}\n",
    )
    assert pipe("validate", path).code == 0
    sea, sky = pipe("plan", path, "--json").json["steps"][:2]
    request = pipe("render", path, "--json").json["shots"][0]["request"]
    assert (request["width"], request["height"]) == (864, 480)
    assert "resolution" not in request
    assert sea["cost"]["most"] == {"amount": str(Decimal(49_005) * Decimal("1.98") / 1_000_000), "currency": "USD"}
    assert sky["step"]


def test_sound_is_in_the_clip_and_on_the_bill_and_a_plans_own_amount_is_cap_enough(
    pipe: Pipe, tmp_path: Path
) -> None:
    """864x496 in 97 frames is 40594.5 tokens: a plan that dropped the half would stop the run before its end."""
    path = write(
        tmp_path,
        "version: 1\nmodel: runware/seedance-1-5-pro\ndefaults: {resolution: 480p, duration: 4}\n"
        "shots:\n  - {id: loud, prompt: waves}\n  - {id: calm, prompt: clouds, continues: loud}\n"
        "  - {id: still, prompt: fog, audio: false}\n",
    )
    (most,) = pipe("plan", path, "--sandbox", "--json").json["bill"]["most"]
    assert most == {"amount": "0.2435670", "currency": "USD"}
    told = pipe("run", path, "--sandbox", "--max-cost", most["amount"])
    assert told.code == 0, told
    takes = pipe("status", path, "--sandbox", "--json").json["takes"]
    charged = [Decimal(take["submission"]["charged"]["amount"]) for take in takes]
    assert charged == [Decimal("0.0974268"), Decimal("0.0974268"), Decimal("0.0487134")]
    assert [check_clip(Path(take["clip"])).sound is not None for take in takes] == [True, True, False]
