"""What portals take from `schemas/forms/` is current, complete, and agrees with the function."""

import hashlib
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from handler.inbound.validation import REQUEST_SCHEMA, SCHEMAS, violations
from tests.support.checkout import DATA
from tests.support.node import run_node
from tools.forms.documents import documents

FORMS = SCHEMAS / "forms"
SAMPLE: dict[str, Any] = REQUEST_SCHEMA["examples"][0]
CATALOGUES = {each: json.loads((FORMS / f"catalogue.{each}.json").read_bytes()) for each in ("en", "zh")}
RULES = ("required", "minLength", "maxLength", "pattern", "x-maxBytes")


@pytest.mark.parametrize("path", documents())
def test_document_is_current(path: str) -> None:
    """`make forms` would write the same."""
    assert (SCHEMAS / path).read_text(encoding="utf-8") == documents()[path]


def test_nothing_else_is_in_the_folder() -> None:
    """A file that is not made any longer would go stale."""
    made = {SCHEMAS / path for path in documents()} | {FORMS / "request.validate.mjs"}
    assert {path for path in FORMS.rglob("*") if path.is_file()} <= made


def test_compiled_validator_is_made_from_the_current_schema() -> None:
    """It names the digest of the schema; the tests with npm compile it again."""
    digest = hashlib.sha256((SCHEMAS / "provision-request.v1.json").read_bytes()).hexdigest()
    assert f"sha256 {digest}" in (FORMS / "request.validate.mjs").read_text()


def expected_keys() -> Iterator[str]:
    yield from ("form.title", "form.description", "error.required", "error.type", "error.additionalProperties")
    for name, schema in REQUEST_SCHEMA["properties"].items():
        yield from (f"{name}.label", f"{name}.description")
        yield from (f"{name}.error.{rule}" for rule in RULES if rule == "required" or rule in schema)


@pytest.mark.parametrize("language", CATALOGUES)
def test_catalogue_has_every_text_of_every_property(language: str) -> None:
    """The messages are sentences for people: short, and without anything of a pattern."""
    texts = CATALOGUES[language]
    assert sorted(texts) == sorted(expected_keys())
    for key, text in texts.items():
        assert text
        assert not set(text) & set("^$[]\\*+{}"), key
        assert ".error." not in key or len(text) <= 90


def test_chinese_catalogue_is_in_chinese() -> None:
    assert [text for text in CATALOGUES["zh"].values() if not re.search("[\u4e00-\u9fff]", text)] == ["OSS Bucket"]


@pytest.mark.parametrize("name", REQUEST_SCHEMA["properties"])
def test_english_catalogue_says_what_the_function_says(name: str) -> None:
    """A portal shows the same sentence before and after it has sent a request."""
    values = ["", "/\x00", "a" * 2000, "中" * 1000]
    found = {each for value in values for each in violations({**SAMPLE, name: value}) if each.path == f"$.{name}"}
    assert {each.rule for each in found} == {rule for rule in RULES if rule in REQUEST_SCHEMA["properties"][name]}
    for each in found:
        assert each.message == CATALOGUES["en"][f"{name}.error.{each.rule}"]


@pytest.mark.parametrize("name", ["rjsf.ui.json", "jsonforms.ui.json"])
def test_ui_schema_has_a_placeholder_for_every_property(name: str) -> None:
    """The placeholder is a valid value."""
    schema = json.loads((FORMS / name).read_bytes())
    if "elements" in schema:
        found = {each["scope"].rsplit("/")[-1]: each["options"]["placeholder"] for each in schema["elements"]}
    else:
        found = {field: hints["ui:placeholder"] for field, hints in schema.items() if field != "ui:order"}
        assert schema["ui:order"] == [*REQUEST_SCHEMA["properties"], "*"]
    assert list(found) == list(REQUEST_SCHEMA["properties"])
    assert violations(found) == ()


IN_JAVASCRIPT = """
import {readFileSync} from "node:fs";
const {default: validate} = await import(process.argv.at(-1));
const rules = document => validate(document) ? [] : validate.errors.map(error => [
  error.keyword, error.instancePath, error.params.missingProperty ?? error.params.additionalProperty, error.message]);
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(rules)));
"""


def documents_to_validate() -> list[Any]:
    """Return valid and invalid documents, the same in each run."""
    chance = random.Random(20261124)
    values = [
        "",
        " ",
        "a",
        "cn-hangzhou",
        "/a",
        "a\n",
        "中" * 342,
        "中" * 341,
        "x" * 300,
        "x" * 1024,
        7,
        None,
        ["a"],
        "\U0001f600",
    ]
    names = [*REQUEST_SCHEMA["properties"], "unknown"]
    changed = [
        {**SAMPLE, **{name: chance.choice(values) for name in chance.sample(names, chance.randrange(1, 4))}}
        for _ in range(500)
    ]
    return [SAMPLE, {}, None, 17, [SAMPLE], *changed]


def test_compiled_validator_agrees_with_the_function() -> None:
    """It has no import, needs no eval, and breaks a document by the same rules with the same sentences."""
    validator = FORMS / "request.validate.mjs"
    assert not re.search(r"\brequire\(|\bimport\b|\beval\(|new Function", validator.read_text())
    given = documents_to_validate()
    for document, errors in zip(
        given, json.loads(run_node(IN_JAVASCRIPT, validator.as_uri(), given=json.dumps(given))), strict=True
    ):
        found = {
            (f"${(path or '').replace('/', '.')}" + (f".{name}" if name else ""), rule)
            for rule, path, name, _ in errors
        }
        assert found == {(each.path, each.rule) for each in violations(document)}
        ours = {(each.path, each.rule): each.message for each in violations(document)}
        for rule, path, _, message in errors:
            if rule in ("pattern", "x-maxBytes"):
                assert message == ours[path.replace("/", "$.", 1), rule]


OFFICIAL: list[dict[str, Any]] = json.loads((DATA / "official" / "backstage-template.schemas.json").read_bytes())
TEMPLATE: dict[str, Any] = yaml.safe_load((FORMS / "backstage" / "template.yaml").read_text())


def backstage_validator() -> Draft7Validator:
    """Return the official schema of templates, with those that it refers to."""
    registry: Registry[Any] = Registry().with_resources(
        [(schema["$id"], DRAFT7.create_resource(schema)) for schema in OFFICIAL]
    )
    return Draft7Validator(OFFICIAL[0], registry=registry)


def test_backstage_template_keeps_its_official_schema() -> None:
    """Without the action of its step it does not."""
    assert [error.message for error in backstage_validator().iter_errors(TEMPLATE)] == []
    broken = json.loads(json.dumps(TEMPLATE))
    del broken["spec"]["steps"][0]["action"]
    assert [error.message for error in backstage_validator().iter_errors(broken)]


def test_backstage_template_sends_every_property() -> None:
    """Two of them come from the task and the user, the others from the form."""
    (form,) = TEMPLATE["spec"]["parameters"]
    body = TEMPLATE["spec"]["steps"][0]["input"]["body"]
    assert body.keys() == REQUEST_SCHEMA["properties"].keys()
    assert form["properties"].keys() == body.keys() - {"requestId", "requester"}
    assert all(body[name] == f"${{{{ parameters.{name} }}}}" for name in form["properties"])
    assert not form.keys() & {"$id", "$schema", "additionalProperties"}
