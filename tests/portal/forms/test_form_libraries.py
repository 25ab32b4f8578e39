"""react-jsonschema-form and JSON Forms show the unmodified request schema, refuse and submit, in a browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from handler.inbound.validation import REQUEST_SCHEMA, SCHEMAS
from tests.support.chromium import chromium
from tests.support.node import install, run_node_with
from tests.support.patience import PATIENCE_SECONDS

SOURCE = Path(__file__).parent
FILES = ("build.mjs", "contract.js", "rjsf.jsx", "jsonforms.jsx")
TEXTS = {each: json.loads((SCHEMAS / "forms" / f"catalogue.{each}.json").read_bytes()) for each in ("en", "zh")}
LIBRARIES = ("rjsf", "jsonforms")
ORIGIN = "http://forms.example"
STRICT = "default-src 'none'; script-src 'self'; style-src 'self'"
HTML = '<!doctype html><meta charset="utf-8"><div id="form"></div><script type="module" src="/{}.js"></script>'
NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", event => violations.push(event.blockedURI));
"""

VALID = {
    "requestId": "REQ-2026-000731",
    "name": "design-team_assets.v2",
    "bucketName": "design-assets",
    "bucketRegion": "cn-hangzhou",
    "bucketPrefix": "项目/设计",
    "description": "Shared assets\nof the design team",
    "requester": "林伟",
}
INVALID = {
    "requestId": ("\u3000", "pattern"),
    "name": ("设计", "pattern"),
    "bucketName": ("ab", "minLength"),
    "bucketRegion": ("oss-cn-hangzhou", "pattern"),
    "bucketPrefix": ("中" * 400, "x-maxBytes"),
    "description": ("d" * 256, "maxLength"),
    "requester": ("r" * 129, "maxLength"),
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the libraries and build a script for each."""
    folder = install(SOURCE, tmp_path_factory.mktemp("libraries"), FILES)
    run_node_with("build.mjs", str(SCHEMAS), str(folder / "out"), folder=folder)
    return folder / "out"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run a Chromium."""
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with chromium() as running:
        yield running


@pytest.fixture
def context(browser: Browser, scripts: Path) -> Iterator[BrowserContext]:
    """Return a context whose only site has the pages of both libraries, with a strict policy if they ask for it."""

    def answer(route: Route) -> None:
        path, _, query = route.request.url.removeprefix(f"{ORIGIN}/").partition("?")
        headers = {"content-security-policy": STRICT} if "strict" in query else {}
        if path.endswith(".js"):
            route.fulfill(path=scripts / path, content_type="text/javascript")
        else:
            route.fulfill(body=HTML.format(path), content_type="text/html", headers=headers)

    with browser.new_context() as found:
        found.set_default_timeout(PATIENCE_SECONDS * 1000)
        found.route(f"{ORIGIN}/**", answer)
        found.add_init_script(NOTE_VIOLATIONS)
        yield found


def opened(context: BrowserContext, library: str, query: str = "") -> Page:
    """Return the page of a library, whose script must not fail."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{ORIGIN}/{library}?{query}")
    return page


ARE_REPORTED = "values => !window.formData || Object.keys(values).every(name => formData[name] === values[name])"


def fill(page: Page, values: dict[str, str], texts: dict[str, str]) -> None:
    """Fill in fields, until the library has reported them to its page, which JSON Forms does a little later."""
    for name, value in values.items():
        page.get_by_label(texts[f"{name}.label"]).first.fill(value)
    page.wait_for_function(ARE_REPORTED, arg=values)


def submit(page: Page) -> None:
    page.locator("button[type=submit]").click()


def submitted(page: Page) -> Any:
    return json.loads(page.locator("#submitted").inner_text())


def refuses(page: Page, texts: dict[str, str], rules: dict[str, str]) -> None:
    """Submit in vain: each field shows the sentence of its rule, and nothing on the page quotes a pattern."""
    submit(page)
    for name, rule in rules.items():
        expect(page.get_by_text(texts[f"{name}.error.{rule}"]).first).to_be_visible()
    assert page.locator("#submitted").count() == 0
    assert not re.search(r"\^\[|\^\(|\\x|pattern|keyword", page.inner_text("body"))


@pytest.mark.parametrize("policy", ["", "compiled&strict"])
@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_form_refuses_and_submits(context: BrowserContext, library: str, language: str, policy: str) -> None:
    """Every property is shown with its label, help and placeholder; a corrected form is submitted as it is."""
    texts = TEXTS[language]
    page = opened(context, library, f"language={language}&{policy}")
    for name in VALID:
        expect(page.get_by_label(texts[f"{name}.label"]).first).to_have_attribute(
            "placeholder", REQUEST_SCHEMA["properties"][name]["examples"][0]
        )
        expect(page.get_by_text(texts[f"{name}.description"]).first).to_be_visible()
    refuses(page, texts, dict.fromkeys(REQUEST_SCHEMA["required"], "required"))
    fill(page, {name: value for name, (value, _) in INVALID.items()}, texts)
    refuses(page, texts, {name: rule for name, (_, rule) in INVALID.items()})
    fill(page, VALID, texts)
    submit(page)
    assert submitted(page) == VALID
    assert page.evaluate("violations") == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_strict_policy_stops_a_form_that_needs_eval(context: BrowserContext, library: str) -> None:
    """The run above under that policy would prove nothing otherwise."""
    page = context.new_page()
    page.goto(f"{ORIGIN}/{library}?strict")
    if library == "rjsf":  # it compiles the schema at the first validation, JSON Forms before it shows anything
        fill(page, VALID, TEXTS["en"])
        submit(page)
    page.wait_for_function("violations.includes('eval')")
    assert page.locator("#submitted").count() == 0


@pytest.mark.parametrize("library", LIBRARIES)
def test_reduced_schema_works_after_the_full_one(context: BrowserContext, library: str) -> None:
    """It has no `$id`: with the one of the full schema, the form would still miss the properties left out."""
    page = opened(context, library)
    submit(page)
    page.locator("#reduce").click()
    expect(page.get_by_label(TEXTS["en"]["requestId.label"])).to_have_count(0)
    values = {name: value for name, value in VALID.items() if name not in ("requestId", "requester")}
    fill(page, values, TEXTS["en"])
    submit(page)
    assert submitted(page) == values


def test_error_message_keyword_is_enough_for_rjsf(context: BrowserContext) -> None:
    """With the plugin ajv-errors, the schema alone gives the sentences."""
    texts = TEXTS["en"]
    page = opened(context, "rjsf", "messages=keyword")
    fill(page, {name: value for name, (value, rule) in INVALID.items() if rule in ("pattern", "x-maxBytes")}, texts)
    refuses(page, texts, {name: rule for name, (_, rule) in INVALID.items() if rule in ("pattern", "x-maxBytes")})
