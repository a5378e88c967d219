"""Model files: their names, what they say of the models, and what the dialect refuses."""

from __future__ import annotations

import json
import shutil
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from seedance_pipe import packaged
from seedance_pipe.errors import StoryInvalid
from seedance_pipe.spec.medium import Kind
from seedance_pipe.spec.model import Catalogue, Price, Unpriced, load_catalogue
from seedance_pipe.units import Size
from tests.spec.asking import CATALOGUE, FAST, MID, MODELARK, MODELS, PEERS, PRO, TWO, TWO_FAST, known

SCHEMAS = packaged.folder("schemas")
PRO_FILE = SCHEMAS / "modelark" / "seedance-1-0-pro-250528.schema.json"


def test_each_model_is_found_by_its_name_and_by_its_aliases() -> None:
    assert set(MODELS) >= {
        "modelark/seedance-1-0-pro-250528",
        "modelark/seedance-1-0-pro-fast-251015",
        "modelark/seedance-1-5-pro-251215",
        "modelark/dreamina-seedance-2-0-260128",
        "modelark/dreamina-seedance-2-0-fast-260128",
        "runware/bytedance:2@1",
    }
    for name in CATALOGUE.names:
        model = known(name)
        assert name in (model.name, *model.aliases)
        assert model.name == f"{model.vendor}/{model.wire}"
    assert CATALOGUE.find("modelark/seedance-3-0") is None
    assert known(PRO).familiar == PRO


def test_names_are_listed_without_building_any_model() -> None:
    catalogue = load_catalogue(SCHEMAS)
    assert len(catalogue.models) == len(list(SCHEMAS.glob("*/**/*.schema.json")))
    assert list(catalogue.models) == list(MODELS)


def test_the_file_of_a_model_is_known_by_the_models_name_also_in_folders_within_folders(schemas: Path) -> None:
    deep = schemas / "acme" / "deep" / "er" / "two.schema.json"
    deep.parent.mkdir(parents=True)
    (schemas / "acme" / "one.schema.json").rename(deep)
    assert load_catalogue(schemas).files == {"modelark/seedance-1-0-pro-250528": deep}
    assert CATALOGUE.files["runware/bytedance:2@1"].name == "bytedance-seedance-1-0-pro.schema.json"


@pytest.mark.parametrize(
    ("name", "resolution", "ratio", "size"),
    [
        (PRO, "480p", "16:9", Size(864, 480)),
        (PRO, "1080p", "9:16", Size(1088, 1920)),
        (FAST, "720p", "21:9", Size(1504, 640)),
        (MID, "480p", "4:3", Size(752, 560)),
        (TWO, "4k", "3:4", Size(2494, 3326)),
        (TWO_FAST, "720p", "16:9", Size(1280, 720)),
    ],
)
def test_pixels_are_those_of_the_vendors_table(name: str, resolution: str, ratio: str, size: Size) -> None:
    assert known(name).sizes[resolution, ratio] == size


@pytest.mark.parametrize("name", [name for name in MODELARK if "2-5" not in name])
def test_every_resolution_and_ratio_on_offer_has_its_pixels(name: str) -> None:
    model = known(name)
    document: Any = model.document
    resolutions = document["properties"]["resolution"]["enum"]
    ratios = [ratio for ratio in document["properties"]["ratio"]["enum"] if ratio != "adaptive"]
    assert set(model.sizes) == {(resolution, ratio) for resolution in resolutions for ratio in ratios}


@pytest.mark.parametrize("name", MODELS)
def test_every_size_is_of_a_resolution_on_offer_and_about_of_its_ratio(name: str) -> None:
    model = known(name)
    for (resolution, ratio), size in model.sizes.items():
        width, height = map(int, ratio.split(":"))
        assert PEERS.form(model).accepts("resolution", resolution)
        assert PEERS.form(model).accepts("ratio", ratio)
        assert size.aspect == pytest.approx(width / height, rel=0.05)


def test_abilities_tell_the_models_apart() -> None:
    pro, fast, mid, two = (known(name).abilities for name in (PRO, FAST, MID, TWO))
    assert (pro.last_frame, fast.last_frame, mid.last_frame, two.last_frame) == (True, False, True, True)
    assert (pro.audio, fast.audio, mid.audio, two.audio) == (False, False, True, True)
    assert (pro.draft, mid.draft, two.draft) == (False, True, False)
    assert pro.references == {}
    assert two.references == {Kind.IMAGE: 9, Kind.VIDEO: 3, Kind.AUDIO: 3}


def test_prices_are_exact_and_dated() -> None:
    price = known(MID).price
    assert isinstance(price, Price)
    assert price.unit == "tokens"
    assert price.currency == "USD"
    assert price.seen == date(2026, 9, 9)
    assert [(dict(rate.when), rate.amount, rate.factor) for rate in price.rates] == [
        ({"service_tier": ("flex",), "generate_audio": (True,)}, Decimal("1.20"), Decimal(1)),
        ({"service_tier": ("flex",)}, Decimal("0.60"), Decimal(1)),
        ({"draft": (True,), "generate_audio": (True,)}, Decimal("2.40"), Decimal("0.6")),
        ({"draft": (True,)}, Decimal("1.20"), Decimal("0.7")),
        ({"generate_audio": (True,)}, Decimal("2.40"), Decimal(1)),
        ({}, Decimal("1.20"), Decimal(1)),
    ]


def test_a_retired_model_names_its_last_day_and_a_living_successor() -> None:
    gone = known(MID).retirement
    assert gone is not None
    assert gone.on == date(2026, 11, 11)
    successor = known(gone.successor)
    assert successor.retirement is None


def test_media_limits_are_exact() -> None:
    limits = known(TWO).media[Kind.VIDEO]
    assert not limits.inline
    assert limits.aspect == (Fraction(2, 5), Fraction(5, 2))
    assert limits.total_seconds == 15
    assert Kind.VIDEO not in known(PRO).media


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A folder of schemas of its own, with one model in it."""
    (tmp_path / "acme").mkdir()
    shutil.copy(SCHEMAS / "model.schema.json", tmp_path)
    shutil.copy(PRO_FILE, tmp_path / "acme" / "one.schema.json")
    return tmp_path


def changed(schemas: Path, change: dict[str, Any]) -> Catalogue:
    """The catalogue when parts of the model's file are replaced; a key is a path with / in it."""
    file = schemas / "acme" / "one.schema.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    for path, value in change.items():
        *outer, last = path.split("/")
        part = document
        for step in outer:
            part = part[step]
        part[last] = value
    file.write_text(json.dumps(document), encoding="utf-8")
    return load_catalogue(schemas)


def test_a_new_model_is_a_new_file(schemas: Path) -> None:
    names = {"x-model/vendor": "acme", "x-model/wire": "bytedance/one:1@2", "x-model/aliases": []}
    unknown = {"unit": "unknown", "why": "it is told later", "seen": "2026-11-21", "source": "a page"}
    model = changed(schemas, {**names, "x-price": unknown}).find("acme/bytedance/one:1@2")
    assert model is not None
    assert model.price == Unpriced("it is told later", date(2026, 11, 21), "a page")
    assert model.familiar == "acme/bytedance/one:1@2"


def test_a_price_may_be_for_a_take_in_the_vendors_own_credits(schemas: Path) -> None:
    rates = [{"when": {"resolution": ["480p"]}, "amount": "12.5"}, {"when": {}, "amount": "25"}]
    dated = {"seen": "2026-11-21", "source": "a page", "about": "the page was read in part"}
    changed(schemas, {"x-price": {"unit": "take", "currency": "rivya credits", "rates": rates, **dated}})
    model = load_catalogue(schemas).find("modelark/seedance-1-0-pro")
    assert model is not None
    assert isinstance(model.price, Price)
    assert (model.price.unit, model.price.currency) == ("take", "rivya credits")
    assert [rate.amount for rate in model.price.rates] == [Decimal("12.5"), Decimal(25)]
    assert model.price.about == "the page was read in part"


def test_a_file_goes_inside_the_request_up_to_a_length_where_the_vendor_also_keeps_uploads(schemas: Path) -> None:
    image = {"forms": ["https", "inline", "upload"], "inline_bytes": 1000}
    model = changed(schemas, {"x-media": {"image": image}}).find("modelark/seedance-1-0-pro")
    assert model is not None
    limits = model.media[Kind.IMAGE]
    assert (limits.inline, limits.upload, limits.bytes, limits.types) == (True, True, None, ())
    assert limits.carries(1000)
    assert not limits.carries(1001)
    assert known(PRO).media[Kind.IMAGE].carries(10**7)
    assert not known(TWO).media[Kind.VIDEO].carries(1)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("properties/duration/minumum", 2, "minumum"),
        ("properties/duration/$ref", "https://evil.example/schema", "does not match"),
        ("properties/duration/$ref", "#/$defs/nowhere", "which is not there"),
        ("$defs/text/properties/text/pattern", "(a+)+$", "take for ever"),
        ("$defs/text/properties/text/pattern", "(a{1,9})*", "take for ever"),
        ("$defs/text/properties/text/pattern", "(unclosed", "no regular expression"),
        ("x-sizes/480p", [1], "[1]"),
        ("x-model/retirement", {"on": "soon", "successor": "x"}, "soon"),
        ("properties/content/x-items", [{"text": "{sparkle}"}], "sparkle"),
        ("properties/seed/x-as", "width", "x-as: width needs"),
        ("properties/duration/x-frames", {"least": 29}, "most"),
        ("x-price", {"unit": "shells", "seen": "2026-11-21", "source": "x"}, "shells"),
        ("x-price", {"unit": "take", "currency": "USD", "seen": "2026-11-21", "source": "x"}, "rates"),
        ("x-price", {"unit": "unknown", "seen": "2026-11-21", "source": "x"}, "why"),
        ("x-media/image/inline_bytes", 7, "does not contain"),
    ],
)
def test_a_file_that_breaks_the_dialect_is_refused_by_name(
    schemas: Path, path: str, value: Any, told: str
) -> None:
    catalogue = changed(schemas, {path: value})
    with pytest.raises(StoryInvalid) as caught:
        catalogue.find("modelark/seedance-1-0-pro")
    assert caught.value.message.startswith("one.schema.json: ")
    assert told in caught.value.message


def test_a_rule_without_words_is_refused(schemas: Path) -> None:
    with pytest.raises(StoryInvalid, match="x-error"):
        changed(schemas, {"allOf": [{"not": {"required": ["seed"]}}]}).find("modelark/seedance-1-0-pro")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"x-model": {"vendor": "acme"}}'])
def test_a_file_that_names_no_model_is_refused(schemas: Path, text: str) -> None:
    (schemas / "acme" / "two.schema.json").write_text(text, encoding="utf-8")
    with pytest.raises(StoryInvalid, match=r"two\.schema\.json is not a model's schema"):
        load_catalogue(schemas)


def test_two_models_of_one_name_are_refused(schemas: Path) -> None:
    shutil.copy(PRO_FILE, schemas / "acme" / "two.schema.json")
    with pytest.raises(StoryInvalid, match="is called modelark/seedance-1-0-pro already"):
        load_catalogue(schemas)
