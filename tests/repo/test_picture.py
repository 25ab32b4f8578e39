"""The picture of the demo in the README: it is current, and a browser loads nothing else for it."""

import html
import json
import re
import subprocess
import sys
from pathlib import Path

from tests.support.checkout import DOCS, EVENTS, ROOT

PICTURE = DOCS / "demo.svg"
NAMESPACE = "http://www.w3.org/2000/svg"
VARYING = {r"sync-\w{20}": "GROUP", r" *\d+ ms| *\d+\.\d s": "TIME"}


def texts(picture: Path) -> list[str]:
    """Return every text in a picture, with placeholders for what is different in each run."""
    found = re.findall(r"<text[^>]*>([^<]+)</text>", picture.read_text(encoding="utf-8"))
    shown = [html.unescape(text).replace("\xa0", " ").strip("\n") for text in found]
    for pattern, placeholder in VARYING.items():
        shown = [re.sub(pattern, placeholder, text) for text in shown]
    return [text for text in shown if text]


def test_picture_is_what_the_demo_prints_today(tmp_path: Path) -> None:
    """Only group ids and times may differ; `make picture` draws it again."""
    new = tmp_path / "demo.svg"
    subprocess.run((sys.executable, "-m", "express_sync.ops.demo.picture", str(new)), cwd=ROOT, check=True)
    assert texts(new) == texts(PICTURE), "run `make picture`"


def test_picture_shows_every_sample_and_the_facts() -> None:
    """The titles of the rounds and what each sample shows come from the scenario."""
    shown = [text.strip() for text in texts(PICTURE)]
    for part in json.loads((EVENTS / "demo.json").read_bytes())["rounds"]:
        assert part["title"] in shown
        assert {sample["shows"] for sample in part["requests"]} <= set(shown)
    assert {"Request", "Shows", "Verdict", "Group or error", "Tries", "Time"} <= set(shown)
    assert any(text.endswith("8 groups at the API, 8 named by outcomes, no duplicates") for text in shown)


def test_picture_loads_nothing_from_the_network() -> None:
    """Neither fonts nor images, and it contains no script."""
    content = re.sub(r"<!--.*?-->", "", PICTURE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert set(re.findall(r"https?://[^\"'\s)]+", content)) == {NAMESPACE}
    for unwanted in ("@font-face", "@import", "<image", "<script", "href"):
        assert unwanted not in content
