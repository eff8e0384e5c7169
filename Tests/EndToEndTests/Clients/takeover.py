"""An orderly consumer leaves in the middle, another one goes on: every queue in order, nothing left out."""

import threading
import time

from rocketmq.client import Message, Producer, PushConsumer

from support import NAMESRV, Inbox, expect, select_shard, wait_for

TOPIC = "TakenOver"
GROUP = "CG_TakenOver"
SHARDS = 3
COUNT = 600


def consumer(name, inbox):
    push = PushConsumer(GROUP, orderly=True)
    push.set_namesrv_addr(NAMESRV)
    push.set_instance_name(name)
    inbox.attach(push, TOPIC)
    push.start()
    return push


# However busy the machine is, there is something left to take over.
sent = threading.Event()


def slowly(received):
    sent.wait(30)
    time.sleep(0.01)
    return 0


first, second = Inbox(slowly), Inbox()
leaving = consumer("first", first)

producer = Producer("PG_TakenOver")
producer.set_namesrv_addr(NAMESRV)
producer.start()
for number in range(COUNT):
    message = Message(TOPIC)
    message.set_body(str(number))
    result = producer.send_orderly(message, number % SHARDS, queue_selector=select_shard)
    expect(result.status == 0, "an orderly send is acknowledged")
sent.set()

wait_for(lambda: len(first.bodies()) >= COUNT // 5, 30, lambda: "%d consumed" % len(first.bodies()))
leaving.shutdown()
before = len(first.bodies())
expect(before < COUNT, "it leaves in the middle, not after %d" % before)
following = consumer("second", second)


def missing():
    return set(range(COUNT)) - {int(body) for body in first.bodies() + second.bodies()}


wait_for(lambda: not missing(), 40, lambda: "%d are missing" % len(missing()))
queues = {}
for message in first.messages + second.messages:
    queues.setdefault(message.queue, []).append(message.offset)
for queue, offsets in queues.items():
    following_one = 0
    for offset in offsets:
        expect(offset <= following_one, "queue %d: %d came before %d" % (queue, offset, following_one))
        following_one = max(following_one, offset + 1)
following.shutdown()
producer.shutdown()
print("ok", before)
