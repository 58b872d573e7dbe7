"""moto's server whose DynamoDB answers one request after the other: `python test/contracts/moto_in_order.py <port>`, or
imported by a script that starts moto in its own way.

moto serves requests in threads and reads, compares and writes an item without a lock: of two conditional updates at
once both may succeed and one be lost. DynamoDB serializes the writes of an item, which is what the stores rely on.
"""
import sys
from threading import Lock

from moto.dynamodb.responses import DynamoHandler
from moto.server import main

lock = Lock()
answer = DynamoHandler.call_action


def answer_in_order(self):
    with lock:
        return answer(self)


DynamoHandler.call_action = answer_in_order

if __name__ == "__main__":
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
