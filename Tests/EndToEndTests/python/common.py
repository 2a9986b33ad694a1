"""What the scripts share: a paho client that fails loudly, and waiting with an end."""
import queue
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

VERSIONS = {
    "31": MQTTProtocolVersion.MQTTv31,
    "311": MQTTProtocolVersion.MQTTv311,
    "5": MQTTProtocolVersion.MQTTv5,
}
WAIT_SECONDS = 20
TRANSPORT = "websockets" if "websockets" in sys.argv else "tcp"


class Client:
    """A connected client whose messages and answers can be waited for."""

    def __init__(self, port, version, name, clean=True, expiry_seconds=None):
        protocol = VERSIONS[version]
        self.is_v5 = version == "5"
        self.messages = queue.Queue()
        self.connack = queue.Queue()
        self.subscribed = queue.Queue()
        arguments = {} if self.is_v5 else {"clean_session": clean}
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=protocol, transport=TRANSPORT, **arguments)
        self.client.on_message = lambda client, data, message: self.messages.put(message)
        self.client.on_connect = lambda c, d, flags, code, properties: self.connack.put((flags, code))
        self.client.on_subscribe = lambda c, d, mid, codes, properties: self.subscribed.put(codes)
        arguments = {}
        if self.is_v5:
            properties = Properties(PacketTypes.CONNECT)
            if expiry_seconds is not None:
                properties.SessionExpiryInterval = expiry_seconds
            arguments = {"clean_start": clean, "properties": properties}
        self.client.connect("127.0.0.1", port, keepalive=60, **arguments)
        self.client.loop_start()
        self.flags, code = self.connack.get(timeout=WAIT_SECONDS)
        assert not code.is_failure, code

    def subscribe(self, topic, qos, **arguments):
        self.client.subscribe(topic, qos, **arguments)
        codes = self.subscribed.get(timeout=WAIT_SECONDS)
        assert [code.value for code in codes] == [qos], codes

    def publish(self, topic, payload, qos=0, retain=False, properties=None):
        info = self.client.publish(topic, payload, qos, retain, properties)
        info.wait_for_publish(WAIT_SECONDS)
        assert info.is_published(), f"{topic} at QoS {qos} was not acknowledged"

    def next(self):
        return self.messages.get(timeout=WAIT_SECONDS)

    def expect_nothing(self):
        """Publishes to itself: what came before would have arrived before."""
        marker = threading.Event()
        topic = f"marker/{id(self)}"
        self.client.message_callback_add(topic, lambda *_: marker.set())
        self.subscribe(topic, 0)
        self.publish(topic, "x", 0)
        assert marker.wait(WAIT_SECONDS), "the marker did not come back"
        assert self.messages.empty(), self.messages.get().payload

    def leave(self):
        self.client.disconnect()
        self.client.loop_stop()
