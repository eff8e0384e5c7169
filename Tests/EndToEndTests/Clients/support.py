"""What the scripts share: arguments, waiting, raw callbacks.

A script is run with the name server's address, checks what it sees with `expect`, and ends with "ok".
"""

import ctypes
import os
import sys
import threading
import time

from rocketmq.client import RecvMessage
from rocketmq.ffi import dll

NAMESRV = sys.argv[1]


def fail(what):
    """Ends at once: the client's threads would keep a process alive that leaves in order."""
    print(what, file=sys.stderr, flush=True)
    os._exit(1)


def expect(truth, what):
    """Ends the script when something is not as it must be."""
    if not truth:
        fail("not so: " + what)


def wait_for(condition, seconds, what):
    """Waits until the condition holds; ends the script when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            fail("after %d s still not so: %s" % (seconds, what() if callable(what) else what))
        time.sleep(0.01)


class Received:
    """A received message, copied: the client frees its own after the callback."""

    def __init__(self, message):
        self.topic = message.topic
        self.body = message.body
        self.tags = message.tags
        self.keys = message.keys
        self.queue = message.queue_id
        self.offset = message.queue_offset
        self.tries = message.reconsume_times
        self.stored_bytes = message.store_size
        self.born_ms = message.born_timestamp
        self.seen_s = time.time()
        self.number = message.get_property("number")


class Inbox:
    """Collects what a push consumer receives. `answer` decides: 0 consumed, 1 reconsume later."""

    def __init__(self, answer=lambda received: 0):
        self.messages = []
        self.lock = threading.Lock()
        self.answer = answer

    def attach(self, consumer, topic, expression="*"):
        dll.Subscribe(consumer._handle, topic.encode(), expression.encode())
        consumer._register_callback(self.take)

    def take(self, consumer, handle):
        received = Received(RecvMessage(handle))
        with self.lock:
            self.messages.append(received)
        return self.answer(received)

    def bodies(self):
        with self.lock:
            return [message.body for message in self.messages]


def select_shard(queues, message, argument):
    """Sends every message of one shard to one queue."""
    return ctypes.cast(argument, ctypes.POINTER(ctypes.c_int))[0] % queues
