"""Two members of a broadcasting group: each gets every message; a group that shares gets each once."""

from rocketmq.client import Message, MessageModel, Producer, PushConsumer

from support import NAMESRV, Inbox, expect, wait_for

TOPIC = "Broadcast"
COUNT = 200


def member(group, instance, model):
    inbox = Inbox()
    consumer = PushConsumer(group, message_model=model)
    consumer.set_instance_name(instance)
    consumer.set_namesrv_addr(NAMESRV)
    inbox.attach(consumer, TOPIC)
    consumer.start()
    return consumer, inbox


members = [member("CG_Broadcast", name, MessageModel.BROADCASTING) for name in ("first", "second")]
sharing = [member("CG_Sharing", name, MessageModel.CLUSTERING) for name in ("third", "fourth")]
producer = Producer("PG_Broadcast")
producer.set_namesrv_addr(NAMESRV)
producer.start()


def send(body):
    message = Message(TOPIC)
    message.set_body(body)
    expect(producer.send_sync(message).status == 0, "a send is acknowledged")


# The members of a group share out the queues only once they know of each other.
warm = 0


def both_get_some():
    global warm
    send("warm-%d" % warm)
    warm += 1
    return all(inbox.messages for _, inbox in members + sharing)


wait_for(both_get_some, 40, "both members of each group get messages")
for number in range(COUNT):
    send("%d" % number)
wanted = {b"%d" % number for number in range(COUNT)}


def numbers(inbox):
    return [body for body in inbox.bodies() if not body.startswith(b"warm")]


for _, inbox in members:
    wait_for(lambda: set(numbers(inbox)) == wanted, 30, lambda: "%d of %d" % (len(numbers(inbox)), COUNT))
    expect(len(numbers(inbox)) == COUNT, "a broadcast message comes once to each member")
together = lambda: numbers(sharing[0][1]) + numbers(sharing[1][1])
wait_for(lambda: set(together()) == wanted, 30, lambda: "%d of %d shared" % (len(together()), COUNT))
expect(len(together()) == COUNT, "a shared message comes to one member: %d" % len(together()))
for consumer, _ in members + sharing:
    consumer.shutdown()
producer.shutdown()
print("ok", warm)
