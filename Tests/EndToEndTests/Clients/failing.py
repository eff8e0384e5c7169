"""A callback that fails: the message comes again, and after the last try it is a dead letter.

The broker's delay levels are one second each, and the group may try twice more.
"""

from rocketmq.client import Message, Producer, PushConsumer

from support import NAMESRV, Inbox, expect, wait_for

TOPIC = "Failing"
GROUP = "CG_Failing"


def answer(received):
    if received.body == b"once":
        return 1 if received.tries == 0 else 0
    return 1 if received.body == b"always" else 0


inbox = Inbox(answer)
push = PushConsumer(GROUP)
push.set_namesrv_addr(NAMESRV)
inbox.attach(push, TOPIC)
push.start()

producer = Producer("PG_Failing")
producer.set_namesrv_addr(NAMESRV)
producer.start()


def tries(body):
    return [message.tries for message in list(inbox.messages) if message.body == body]


def seen():
    return [(message.body, message.tries) for message in list(inbox.messages)]


# One after the other: the client sends all messages of one pull back when one of them fails.
for body, wanted in (("fine", [0]), ("once", [0, 1]), ("always", [0, 1, 2])):
    message = Message(TOPIC)
    message.set_body(body)
    message.set_keys("key-" + body)
    message.set_tags("Tag" + body)
    message.set_property("number", "7")
    expect(producer.send_sync(message).status == 0, "a send is acknowledged")
    wait_for(lambda: tries(body.encode()) == wanted, 30, lambda: "%s is tried %s: %s" % (body, wanted, seen()))
expect(tries(b"fine") == [0], "what succeeds is not tried again")
for message in inbox.messages:
    expect(message.tags == b"Tag" + message.body, "tags of a retried message: %s" % message.tags)
    expect((message.keys or b"").strip() == b"key-" + message.body, "keys of a retried message")
    expect(message.number == b"7", "properties of a retried message")
push.shutdown()
producer.shutdown()
print("ok")
