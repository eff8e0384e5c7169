"""Tag filters and a delayed message."""

import time

from rocketmq.client import Message, Producer, PushConsumer

from support import NAMESRV, Inbox, expect, wait_for

TOPIC = "Filtered"
inbox = Inbox()
push = PushConsumer("CG_Filtered")
push.set_namesrv_addr(NAMESRV)
inbox.attach(push, TOPIC, "TagA || TagC")
push.start()

producer = Producer("PG_Filtered")
producer.set_namesrv_addr(NAMESRV)
producer.start()
for number in range(300):
    message = Message(TOPIC)
    message.set_body("%d" % number)
    message.set_tags("Tag" + "ABC"[number % 3])
    expect(producer.send_sync(message).status == 0, "a send is acknowledged")
wanted = {b"%d" % number for number in range(300) if number % 3 != 1}
wait_for(lambda: set(inbox.bodies()) == wanted, 30, lambda: "%d of 200" % len(inbox.bodies()))

late = Message(TOPIC)
late.set_body("late")
late.set_tags("TagA")
late.set_delay_time_level(2)
sent = time.time()
expect(producer.send_sync(late).status == 0, "a delayed send is acknowledged")
wait_for(lambda: b"late" in inbox.bodies(), 30, "a delayed message comes")
waited = [message.seen_s for message in inbox.messages if message.body == b"late"][0] - sent
expect(waited >= 1.9, "level 2 is two seconds, not %.3f" % waited)
time.sleep(0.3)
expect(sorted(inbox.bodies()) == sorted(wanted | {b"late"}), "nothing else, nothing twice")
push.shutdown()
producer.shutdown()
print("ok %.3f" % waited)
