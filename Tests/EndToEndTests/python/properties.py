"""Every property of PUBLISH, subscription options and identifiers, and assigned identifiers."""
import sys

from common import WAIT_SECONDS, Client, PacketTypes, Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

port = int(sys.argv[1])
client = Client(port, "5", "client")
identifiers = Properties(PacketTypes.SUBSCRIBE)
identifiers.SubscriptionIdentifier = 77
client.client.subscribe("a", options=SubscribeOptions(qos=2), properties=identifiers)
client.subscribed.get(timeout=WAIT_SECONDS)
properties = Properties(PacketTypes.PUBLISH)
properties.PayloadFormatIndicator = 1
properties.MessageExpiryInterval = 1000
properties.ResponseTopic = "answer/here"
properties.CorrelationData = bytes([0, 1, 255])
properties.UserProperty = [("b", "1"), ("a", "2"), ("b", "1")]
properties.ContentType = "text/plain"
for qos in range(3):
    client.publish("a", "payload", qos, properties=properties)
    message = client.next()
    found = message.properties
    assert message.qos == qos
    assert found.PayloadFormatIndicator == 1
    assert 990 <= found.MessageExpiryInterval <= 1000
    assert found.ResponseTopic == "answer/here"
    assert found.CorrelationData == bytes([0, 1, 255])
    assert found.UserProperty == [("b", "1"), ("a", "2"), ("b", "1")]
    assert found.ContentType == "text/plain"
    assert found.SubscriptionIdentifier == [77]

client.client.subscribe("own", options=SubscribeOptions(qos=1, noLocal=True))
client.subscribed.get(timeout=WAIT_SECONDS)
client.publish("own", "x", 1)
client.expect_nothing()

client.publish("kept", "x", 1, retain=True)
never = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
client.client.subscribe("kept", options=never)
client.subscribed.get(timeout=WAIT_SECONDS)
client.expect_nothing()
client.client.subscribe("kept", options=SubscribeOptions(qos=1, retainAsPublished=True))
client.subscribed.get(timeout=WAIT_SECONDS)
assert client.next().retain
client.publish("kept", "y", 1, retain=True)
assert client.next().retain

anonymous = Client(port, "5", "")
anonymous.leave()
client.leave()
