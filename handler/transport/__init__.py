"""HTTP/1.1 over connections of the function's own, shared by the clients of both services."""
