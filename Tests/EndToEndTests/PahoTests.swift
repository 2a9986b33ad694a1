// paho-mqtt, the client library most in use, with our broker; and tshark's opinion of our packets.

import LiveSupport
import Testing

struct PahoTests {
  @Test(arguments: ["31", "311", "5"])
  func `paho publishes and receives at every QoS`(version: String) throws {
    let broker = try LiveBroker()
    try runPython("every_qos.py", "\(broker.port)", version)
  }

  @Test(arguments: ["311", "5"])
  func `paho finds its session again`(version: String) throws {
    let broker = try LiveBroker()
    try runPython("session.py", "\(broker.port)", version)
  }

  @Test func `paho sends and receives every property`() throws {
    let broker = try LiveBroker()
    try runPython("properties.py", "\(broker.port)")
  }

  @Test(arguments: ["311", "5"])
  func `tshark finds nothing wrong with what the broker sends`(version: String) throws {
    let broker = try LiveBroker()
    try runPython("dissect.py", "\(broker.port)", version)
  }
}
