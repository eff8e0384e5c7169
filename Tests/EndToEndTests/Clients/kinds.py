"""10,000 messages in every kind of send, read by a push consumer and by a pull consumer."""

import threading

from rocketmq.client import Message, Producer, PullConsumer, PushConsumer

from support import NAMESRV, Inbox, Received, expect, select_shard, wait_for

TOPIC = "Kinds"
SHARDS = 3
COUNTS = {"sync": 2500, "async": 3000, "oneway": 1500, "orderly": 1500, "onewayorderly": 500, "batch": 999}
BIG = ("0123456789" * 1024).encode()


def make(kind, number):
    message = Message(TOPIC)
    message.set_body("%s-%d" % (kind, number))
    message.set_keys("key-%s-%d" % (kind, number))
    message.set_tags("Tag" + kind)
    message.set_property("number", str(number))
    return message


def send_all(producer):
    for number in range(COUNTS["sync"]):
        expect(producer.send_sync(make("sync", number)).status == 0, "a sync send is acknowledged")

    done = threading.Semaphore(0)
    answers = []
    window = threading.Semaphore(200)

    def succeeded(result):
        answers.append(result.status)
        window.release()
        done.release()

    def failed(error):
        # What it says for itself may be empty.
        answers.append("%r, error %s, line %s of %s" % (error, error.error, error.line, error.file))
        window.release()
        done.release()

    for number in range(COUNTS["async"]):
        expect(window.acquire(timeout=20), "async sends are answered")
        producer.send_async(make("async", number), succeeded, failed)
    for _ in range(COUNTS["async"]):
        expect(done.acquire(timeout=20), "every async send is answered")
    expect(all(answer == 0 for answer in answers), "every async send succeeds: %s" % set(answers))

    for number in range(COUNTS["oneway"]):
        producer.send_oneway(make("oneway", number))
    for number in range(COUNTS["orderly"]):
        result = producer.send_orderly(
            make("orderly", number), number % SHARDS, queue_selector=select_shard)
        expect(result.status == 0, "an orderly send is acknowledged")
    for number in range(COUNTS["onewayorderly"]):
        producer.send_oneway_orderly(
            make("onewayorderly", number), number % SHARDS, queue_selector=select_shard)
    for first in range(0, COUNTS["batch"], 27):
        batch = [make("batch", number) for number in range(first, first + 27)]
        expect(producer.send_batch(batch).status == 0, "a batch is acknowledged")

    big = Message(TOPIC)
    big.set_body(BIG)
    big.set_keys("key-big-0")
    big.set_tags("Tagbig")
    big.set_property("number", "0")
    expect(producer.send_sync(big).status == 0, "a large message is acknowledged")


def expected():
    names = {("%s-%d" % (kind, number)).encode() for kind, count in COUNTS.items() for number in range(count)}
    return names | {BIG}


def check(messages, who):
    """Everything once, whole, and in the order of each queue."""
    bodies = [message.body for message in messages]
    missing = expected() - set(bodies)
    expect(not missing, "%s lost %d, such as %s" % (who, len(missing), sorted(missing)[:3]))
    expect(len(bodies) == len(expected()), "%s got %d messages for %d" % (who, len(bodies), len(expected())))
    queues = {}
    for message in messages:
        if message.body == BIG:
            kind, number = b"big", b"0"
            expect(message.stored_bytes < 2000, "10 kB are compressed, not %d" % message.stored_bytes)
        else:
            kind, number = message.body.split(b"-")
        expect(message.topic == TOPIC, "%s: topic of %s" % (who, message.body))
        expect(message.tags == b"Tag" + kind, "%s: tags of %s: %s" % (who, message.body, message.tags))
        # The client joins several keys with a blank, and leaves one behind a single key.
        keys = (message.keys or b"").strip()
        expect(keys == b"key-%s-%s" % (kind, number), "%s: keys of %s: %s" % (who, message.body, keys))
        expect(message.number == number, "%s: property of %s: %s" % (who, message.body, message.number))
        queues.setdefault(message.queue, []).append((message.offset, kind, int(number)))
    for queue, entries in queues.items():
        offsets = [offset for offset, _, _ in entries]
        expect(offsets == list(range(len(offsets))), "%s: queue %d comes in order, no gaps" % (who, queue))
        for kind in (b"sync", b"orderly", b"onewayorderly", b"oneway", b"batch"):
            numbers = [number for _, other, number in entries if other == kind]
            expect(numbers == sorted(numbers), "%s: %s keeps its order in queue %d" % (who, kind, queue))
    for kind in (b"orderly", b"onewayorderly"):
        for shard in range(SHARDS):
            places = {queue for queue, entries in queues.items() for _, other, number in entries
                      if other == kind and number % SHARDS == shard}
            expect(len(places) == 1, "%s: shard %d of %s is in one queue" % (who, shard, kind))


producer = Producer("PG_Kinds")
producer.set_namesrv_addr(NAMESRV)
producer.start()

inbox = Inbox()
push = PushConsumer("CG_KindsPush", orderly=True)
push.set_namesrv_addr(NAMESRV)
inbox.attach(push, TOPIC)
push.start()

send_all(producer)
total = len(expected())
wait_for(lambda: len(inbox.bodies()) >= total, 60, lambda: "%d of %d pushed" % (len(inbox.bodies()), total))
check(inbox.messages, "push consumer")
push.shutdown()

pull = PullConsumer("CG_KindsPull")
pull.set_namesrv_addr(NAMESRV)
pull.start()
check([Received(message) for message in pull.pull(TOPIC)], "pull consumer")
pull.shutdown()
producer.shutdown()
print("ok", total)
