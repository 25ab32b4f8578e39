"""JSON and XML bodies become the same mapping, and no body makes parsing raise or grow without bound."""

import json
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.sgw.api_document import parse

ERROR = {"RequestId": "API-7", "Code": "AssumeRoleFail", "Message": "No <role> & no ]]> luck"}
PLAIN = f"<RequestId>API-7</RequestId><Code>AssumeRoleFail</Code><Message>{escape(ERROR['Message'])}</Message>"
CDATA = (
    "<Error><RequestId> API-7 </RequestId><Code><![CDATA[AssumeRoleFail]]></Code>"
    "<Message><![CDATA[No <role> & no ]]]]><![CDATA[> luck]]></Message></Error>"
)
REFERENCES = (
    "<Error><RequestId>API-7</RequestId><Code>Assume&#82;ole<!-- -->Fail</Code>"
    "<Message>No &lt;role&gt; &amp; no ]]&gt; luck</Message></Error>"
)
LAUGHS = (
    b'<!DOCTYPE Error [<!ENTITY a "Throttling"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><Error><Code>&c;</Code></Error>'
)


@pytest.mark.parametrize(
    "document",
    [
        f"<Error>{PLAIN}</Error>",
        f"<?xml version='1.0' encoding='UTF-8'?><Error>{PLAIN}</Error>",
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<Error>\r\n\t{PLAIN}\r\n</Error>\r\n',
        f" \r\n\t<?xml version='1.0'?><Error>{PLAIN}</Error>",
        f"\ufeff<?xml version='1.0' encoding='UTF-8'?><Error>{PLAIN}</Error>",
        f"\ufeff\n<Error>{PLAIN}</Error>",
        f"<?xml version='1.0' encoding='ISO-8859-1'?><Error>{PLAIN}</Error>",
        f"<Error xmlns='http://sgw.aliyuncs.com/doc' xmlns:xsi='http://x'>{PLAIN}</Error>",
        "<a:Error xmlns:a='urn:a'>" + PLAIN.replace("<", "<a:").replace("<a:/", "</a:") + "</a:Error>",
        "<Error status='403'>" + PLAIN.replace("<Code>", "<Code type='text'>") + "</Error>",
        f"<!-- <Code>X</Code> --><?page <Code>?><Error>{PLAIN}<!-- <Code>X</Code> --></Error>",
        f"<Error>text {PLAIN} text</Error>",
        CDATA,
        REFERENCES,
        json.dumps(ERROR),
        f" \r\n\t{json.dumps(ERROR)}\n",
        f"\ufeff{json.dumps(ERROR)}",
        f"\ufeff\n{json.dumps(ERROR)}",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
def test_json_and_xml_become_the_same_mapping(document: str, encoding: str) -> None:
    """Declarations, namespaces, attributes, CDATA, comments, byte order marks and blanks do not matter."""
    assert parse(document.encode(encoding)) == ERROR


def test_nested_elements_become_mappings_and_lists() -> None:
    """A repeated name makes a list, an empty element an empty text."""
    body = b"<R><Gs><G><A>1</A></G><G><A>2</A><B/></G><G/></Gs><One><G><A>3</A></G></One><None></None></R>"
    expected = {"Gs": {"G": [{"A": "1"}, {"A": "2", "B": ""}, ""]}, "One": {"G": {"A": "3"}}, "None": ""}
    assert parse(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"<",
        b"<Error>",
        b"<Error><Code>AssumeRoleFail</Error>",
        b"<Error><Code>AssumeRoleFail</Code></Error><Error/>",
        b"<Error>AssumeRoleFail</Error>",
        b"<html><head><title>403</title><body><hr></body></html>",
        b"<Error><Code>&undefined;</Code></Error>",
        b"<Error><a:Code:b>x</a:Code:b>",
        b"<Error><Code>\x00</Code></Error>",
        b"<Error><Code>\xff</Code></Error>",
        b"not json",
        b"[]",
        b"17",
        b'{"Code": ',
        b"1" * 5000,
    ],
    ids=lambda body: repr(body[:40]),
)
def test_body_that_is_neither_json_nor_xml_has_no_members(body: bytes) -> None:
    """Examples are a page of a proxy and half an answer."""
    assert parse(body) == {}


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS,
        b'<?xml version="1.0"?>' + LAUGHS,
        b'<!DOCTYPE Error [<!ENTITY x SYSTEM "file:///etc/passwd">]><Error><Code>&x;</Code></Error>',
        b'<!DOCTYPE Error SYSTEM "http://127.0.0.1:1/error.dtd"><Error><Code>AssumeRoleFail</Code></Error>',
        b'<!DOCTYPE Error [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]><Error><Code>AssumeRoleFail</Code></Error>',
        b"<!DOCTYPE Error><Error><Code>AssumeRoleFail</Code></Error>",
        b'<!DOCTYPE Error [<!ATTLIST Error Code CDATA "X">]><Error><Code>AssumeRoleFail</Code></Error>',
    ],
    ids=lambda body: repr(body[:60]),
)
def test_dtd_is_refused(body: bytes) -> None:
    """No entity is expanded, nothing is fetched."""
    assert parse(body) == {}


@pytest.mark.parametrize("body", [b"<a>" * 10**6, b"[" * 10**6, b'{"a":' * 10**6], ids=["XML", "lists", "objects"])
def test_endless_nesting_is_refused(body: bytes) -> None:
    """The rest of the body is not read."""
    assert parse(body) == {}


def test_nesting_is_read_up_to_sixteen_elements() -> None:
    """Seventeen nested elements are refused."""
    deepest = b"<a>" * 15 + b"<Code>1</Code>" + b"</a>" * 15
    assert "Code" in str(parse(deepest))
    assert parse(b"<a>" + deepest + b"</a>") == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'"a\nb\x01"', "a\nb\x01"),
        (b'"\xff"', "\udcff"),
        (b'"\\ud800"', "\ud800"),
        (b"9" * 18, 10**18 - 1),
        (b"9" * 19, 1e19),
        (b"9" * 5000, float("inf")),
        (b"-" + b"9" * 5000, float("-inf")),
        (b'{"A": 1, "A": 1}', {"A": ()}),
        (b"1e999", float("inf")),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_odd_value_does_not_hide_the_others(text: bytes, value: object) -> None:
    """In a list of groups it may be anybody's."""
    assert parse(b'{"Entry": %s, "Code": "AssumeRoleFail"}' % text) == {"Entry": value, "Code": "AssumeRoleFail"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"Success": false, "Success": true, "ExpressSyncId": "sync-1"}',
        b'{"Success": true, "ExpressSyncId": "sync-1", "ExpressSyncId": "sync-1"}',
    ],
)
def test_object_that_contradicts_itself_has_no_members(body: bytes) -> None:
    """Two values for one name do not count, even if they are equal."""
    assert parse(body) == {}


NAMES = st.sampled_from(["Code", "Message", "RequestId", "Success", "ExpressSyncs", "ExpressSync"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
VALUES = st.recursive(TEXTS, lambda inner: st.dictionaries(NAMES, inner | st.lists(inner, min_size=2), min_size=1))


def as_xml(name: str, value: Any) -> str:
    """Return a value as XML elements of a name."""
    if isinstance(value, list):
        return "".join(as_xml(name, each) for each in value)
    inner = escape(value) if isinstance(value, str) else "".join(as_xml(*member) for member in value.items())
    return f"<{name}>{inner}</{name}>"


def stripped(value: Any) -> Any:
    """Return a value without blanks around its texts."""
    if isinstance(value, list):
        return [stripped(each) for each in value]
    return value.strip() if isinstance(value, str) else {name: stripped(each) for name, each in value.items()}


@given(st.dictionaries(NAMES, VALUES, min_size=1))
def test_values_written_as_xml_are_read_unchanged(document: dict[str, Any]) -> None:
    assert parse(as_xml("R", document).encode()) == stripped(document)


MARKUP = st.lists(
    st.sampled_from(["<", ">", "/", "a", "<a>", "</a>", "<!DOCTYPE a", "<![CDATA[", "]]>", "&", ";", "\n"])
)


@given(st.binary() | MARKUP.map("".join).map(str.encode))
def test_no_body_makes_parsing_raise(body: bytes) -> None:
    assert isinstance(parse(body), dict)
