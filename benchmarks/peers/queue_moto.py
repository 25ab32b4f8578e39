"""The same operations on moto's SQS server, with boto3: run with the libraries of its lock on the path.

    python queue_moto.py ENDPOINT ROUNDS

Prints the milliseconds of each operation as JSON: send, receive, delete, and from a send until a long poll has it.
"""

import json
import sys
import threading
import time

import boto3

endpoint, rounds = sys.argv[1], int(sys.argv[2])
key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
sqs = boto3.client("sqs", endpoint_url=endpoint, **key)
queue = sqs.create_queue(QueueName="bench")["QueueUrl"]
milliseconds: dict[str, list[float]] = {"send": [], "receive": [], "delete": [], "long-poll wake-up": []}

for _ in range(rounds):
    began = time.perf_counter()
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 300)
    sent = time.perf_counter()
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    received = time.perf_counter()
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    deleted = time.perf_counter()
    for name, seconds in (("send", sent - began), ("receive", received - sent), ("delete", deleted - received)):
        milliseconds[name].append(seconds * 1000)

waiting = boto3.client("sqs", endpoint_url=endpoint, **key)


def poll(found: list[float]) -> None:
    """Receive one message by a long poll, and note the time."""
    messages = waiting.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    found.append(time.perf_counter())
    waiting.delete_message(QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"])


for _ in range(max(3, rounds // 20)):
    arrived: list[float] = []
    thread = threading.Thread(target=poll, args=(arrived,))
    thread.start()
    time.sleep(0.3)  # until it waits
    began = time.perf_counter()
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    thread.join()
    milliseconds["long-poll wake-up"].append((arrived[0] - began) * 1000)
print(json.dumps(milliseconds))
