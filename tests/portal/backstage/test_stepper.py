"""The Stepper of Backstage shows the template of schemas/forms, refuses and submits, in a browser."""

import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect

from handler.inbound.validation import SCHEMAS
from tests.support.checkout import ROOT
from tests.support.chromium import chromium
from tests.support.node import install, run_node_with
from tests.support.patience import PATIENCE_SECONDS

SOURCE = Path(__file__).parent
PACKAGES = ROOT / ".express-sync" / "backstage"  # kept, because they weigh 550 MB
TEMPLATE: dict[str, Any] = yaml.safe_load((SCHEMAS / "forms" / "backstage" / "template.yaml").read_bytes())
[PARAMETERS] = TEMPLATE["spec"]["parameters"]
ADDRESS = "http://backstage.example/"
HTML = '<!doctype html><meta charset="utf-8"><div id="form"></div><script type="module" src="/stepper.js"></script>'

VALID = {
    "name": "design-team_assets.v2",
    "bucketName": "design-assets",
    "bucketRegion": "cn-hangzhou",
    "bucketPrefix": "项目/设计",
    "description": "Shared assets\nof the design team",
}
INVALID = {"name": "设计", "bucketName": "Design", "bucketRegion": "oss-cn-hangzhou", "bucketPrefix": "/design"}


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install Backstage once for each state of its lock, and build the page."""
    installed = PACKAGES / f"{sha256((SOURCE / 'package-lock.json').read_bytes()).hexdigest()[:16]}"
    if not (installed / "complete").exists():
        shutil.rmtree(PACKAGES, ignore_errors=True)
        installed.mkdir(parents=True)
        install(SOURCE, installed)
        (installed / "complete").touch()
    for name in ("stepper.jsx", "build.mjs"):
        shutil.copy(SOURCE / name, installed)
    directory = tmp_path_factory.mktemp("backstage")
    (directory / "template.json").write_text(json.dumps(TEMPLATE))
    run_node_with("build.mjs", str(directory / "template.json"), str(directory / "stepper.js"), folder=installed)
    return directory / "stepper.js"


@pytest.fixture
def page(script: Path) -> Iterator[Page]:
    """Open the form, whose script must not fail."""
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with chromium() as browser, browser.new_page() as opened:
        opened.set_default_timeout(PATIENCE_SECONDS * 1000)
        opened.on("pageerror", lambda error: pytest.fail(str(error)))
        opened.route(f"{ADDRESS}**", lambda route: route.fulfill(body=HTML, content_type="text/html"))
        opened.route(f"{ADDRESS}stepper.js", lambda route: route.fulfill(path=script, content_type="text/javascript"))
        opened.goto(ADDRESS)
        yield opened


def fill(page: Page, values: dict[str, str]) -> None:
    for name, value in values.items():
        page.locator(f"#root_{name}").fill(value)


def test_form_refuses_in_words_and_submits(page: Page) -> None:
    """Each property has its label, help and placeholder; a corrected form goes through the review to its end."""
    for name, schema in PARAMETERS["properties"].items():
        expect(page.get_by_text(schema["title"]).first).to_be_visible()
        expect(page.get_by_text(schema["description"])).to_be_visible()
        expect(page.locator(f"#root_{name}")).to_have_attribute("placeholder", schema["ui:placeholder"])
    fill(page, {**VALID, **INVALID})
    page.get_by_role("button", name="Review").click()
    for name in INVALID:
        expect(page.get_by_text(PARAMETERS["properties"][name]["errorMessage"]["pattern"]).first).to_be_visible()
    assert "^[" not in page.inner_text("body")
    fill(page, VALID)
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Create").click()
    assert json.loads(page.locator("#submitted").inner_text()) == VALID
