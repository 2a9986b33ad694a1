"""Publishes at each QoS to subscriptions of each QoS, both ways, retained and not."""
import sys

from common import Client

port, version = int(sys.argv[1]), sys.argv[2]
publisher = Client(port, version, "publisher")
subscribers = [Client(port, version, f"subscriber{qos}") for qos in range(3)]
for qos, subscriber in enumerate(subscribers):
    subscriber.subscribe("a/#", qos)
for qos in range(3):
    for index in range(50):
        publisher.publish(f"a/{qos}", f"{qos} {index}", qos)
for granted, subscriber in enumerate(subscribers):
    for qos in range(3):
        for index in range(50):
            message = subscriber.next()
            assert message.topic == f"a/{qos}", message.topic
            assert message.payload == f"{qos} {index}".encode(), message.payload
            assert message.qos == min(qos, granted), message.qos
            assert not message.retain and not message.dup
    subscriber.expect_nothing()

publisher.publish("kept", "x" * 100_000, 2, retain=True)
late = Client(port, version, "late")
late.subscribe("kept", 2)
message = late.next()
assert message.retain and message.qos == 2 and len(message.payload) == 100_000
publisher.publish("kept", "", 1, retain=True)
assert late.next().payload == b""
later = Client(port, version, "later")
later.subscribe("kept", 1)
later.expect_nothing()
for client in [publisher, late, later, *subscribers]:
    client.leave()
