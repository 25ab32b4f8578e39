"""What a foreign web page could send to a server on loopback: cases for the tests of the admin API and the portal."""

JSON = "application/json"
# case -> (headers, status, start of the message); HOST stands for the address of the server
FOREIGN_REQUESTS = {
    "rebound name": ({"Host": "attacker.example"}, 403, "the Host header"),
    "rebound name with a port": ({"Host": "attacker.example:80"}, 403, "the Host header"),
    "name that begins like loopback": ({"Host": "127.0.0.1.attacker.example"}, 403, "the Host header"),
    "name that ends like localhost": ({"Host": "attackerlocalhost"}, 403, "the Host header"),
    "user before the host": ({"Host": "127.0.0.1@attacker.example"}, 403, "the Host header"),
    "address of another machine": ({"Host": "192.0.2.1"}, 403, "the Host header"),
    "unspecified address": ({"Host": "[::]"}, 403, "the Host header"),
    "empty host": ({"Host": ""}, 403, "the Host header"),
    "host that is not one": ({"Host": "127.0.0.1:port"}, 403, "the Host header"),
    "foreign origin": ({"Origin": "https://attacker.example"}, 403, "a page of another origin"),
    "sandboxed origin": ({"Origin": "null"}, 403, "a page of another origin"),
    "other port of loopback": ({"Origin": "http://127.0.0.1:1"}, 403, "a page of another origin"),
    "cross-site fetch": ({"Sec-Fetch-Site": "cross-site"}, 403, "a page of another site"),
    "unknown site": ({"Sec-Fetch-Site": "galactic"}, 403, "a page of another site"),
    "followed link": (
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        403,
        "a page of another site",
    ),
}
# The content types of an HTML form and of a fetch without a preflight, and near misses of JSON.
FOREIGN_CONTENT = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain; x=application/json",
    "application/jsonp",
    "",
)
