"""Operations on the local MNS with its official SDK: run with the libraries of the function on the path.

    python queue_mns.py ENDPOINT ROUNDS KEY_ID KEY_SECRET

Prints the milliseconds of each operation as JSON: send, receive, delete, and from a send until a long poll has it.
"""

import json
import sys
import threading
import time

from mns.account import Account
from mns.queue import Message, QueueMeta

endpoint, rounds, key = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
queue = Account(endpoint, *key).get_queue("bench")
queue.create(QueueMeta())
milliseconds: dict[str, list[float]] = {"send": [], "receive": [], "delete": [], "long-poll wake-up": []}

for _ in range(rounds):
    began = time.perf_counter()
    queue.send_message(Message("x" * 300))
    sent = time.perf_counter()
    message = queue.receive_message(0)
    received = time.perf_counter()
    queue.delete_message(message.receipt_handle)
    deleted = time.perf_counter()
    for name, seconds in (("send", sent - began), ("receive", received - sent), ("delete", deleted - received)):
        milliseconds[name].append(seconds * 1000)

waiting = Account(endpoint, *key).get_queue("bench")


def poll(found: list[float]) -> None:
    """Receive one message by a long poll, and note the time."""
    message = waiting.receive_message(10)
    found.append(time.perf_counter())
    waiting.delete_message(message.receipt_handle)


for _ in range(max(3, rounds // 20)):
    arrived: list[float] = []
    thread = threading.Thread(target=poll, args=(arrived,))
    thread.start()
    time.sleep(0.3)  # until it waits
    began = time.perf_counter()
    queue.send_message(Message("x"))
    thread.join()
    milliseconds["long-poll wake-up"].append((arrived[0] - began) * 1000)
print(json.dumps(milliseconds))
