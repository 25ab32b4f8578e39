"""Write what is made from the contracts: `python -m tools.forms`."""

from tools.forms.documents import SCHEMAS, documents

for path, text in documents().items():
    (SCHEMAS / path).parent.mkdir(parents=True, exist_ok=True)
    (SCHEMAS / path).write_text(text, encoding="utf-8")
