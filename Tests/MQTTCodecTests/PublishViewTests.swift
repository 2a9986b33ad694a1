// A PUBLISH and the acknowledgements as the broker reads them: offsets into the bytes.

import AllocationCount
import Basis
import MQTTCodec
import TestSupport
import Testing

private let publishes = ((try? PacketVector.all()) ?? []).filter { $0.file == "PUBLISH" }
private let acknowledgements = ((try? PacketVector.all()) ?? []).filter {
  ["PUBACK", "PUBREC", "PUBREL", "PUBCOMP"].contains($0.file)
}

private func forwarded(_ view: PublishView, of packet: [UInt8]) -> [UInt8] {
  var buffer = ByteBuffer()
  view.appendForwardedProperties(from: packet.span, into: &buffer)
  return buffer.bytes
}

@Suite struct PublishViewTests {
  @Test(arguments: publishes)
  func `a view shows what the value holds, and refuses the same`(_ vector: PacketVector) throws {
    do throws(DecodeError) {
      guard let header = try header(vector.bytes, version: vector.version) else { return }
      let view = try PublishView.decode(
        vector.bytes.span, header, version: vector.version, direction: vector.direction)
      let value = try Publish(view, in: vector.bytes.span)
      #expect(.packet(text(.publish(value)), isCanonical: true) == vector.expectation)
      #expect(view.packetIdentifier == value.packetIdentifier?.rawValue ?? 0)
      #expect(view.topicAlias == value.properties.number(.topicAlias).map(UInt16.init) ?? 0)
      #expect(
        view.messageExpiryIntervalSeconds == value.properties.number(.messageExpiryInterval))
    } catch {
      guard case .error(let code, let statement, let offset, _) = vector.expectation else {
        Issue.record("\(error)")
        return
      }
      #expect(error.reasonCode.rawValue == code)
      #expect(error.statement == statement)
      #expect(error.offset == offset)
    }
  }

  @Test func `ranges count from the first byte of the packet`() throws {
    let packet = try bytes("32 { s\"a/b\" w7 { 23 w3 } \"hi\" }")
    let header = try #require(try header(packet, version: .v5))
    let view = try PublishView.decode(
      packet.span, header, version: .v5, direction: .toServer)
    #expect(view.topic == 4..<7)
    #expect(view.properties == 10..<13)
    #expect(view.payload == 13..<15)
    #expect(!view.hasForwardedProperties)
  }

  @Test func `all but three properties go on as they are [MQTT-3.3.2-17] [MQTT-3.3.2-18]`() throws {
    let kept = "01 01 26 s\"b\" s\"1\" 08 s\"answer\" 26 s\"a\" s\"2\" 09 s\"7\" 03 s\"text\""
    let packet = try bytes(
      """
      30 { s"a" { 02 l60 01 01 26 s"b" s"1" 0b 05 08 s"answer" 23 w1 26 s"a" s"2" 09 s"7"
      0b v300 03 s"text" } }
      """)
    let header = try #require(try header(packet, version: .v5))
    let view = try PublishView.decode(packet.span, header, version: .v5, direction: .toClient)
    #expect(view.hasForwardedProperties)
    #expect(forwarded(view, of: packet) == (try bytes(kept)))
  }

  // [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-20] [MQTT-3.3.2-17]
  @Test(arguments: ["01 01", "08 s\"t\"", "09 s\"t\"", "03 s\"t\"", "26 s\"k\" s\"v\""])
  func `each of these properties alone goes on as it is`(_ property: String) throws {
    let packet = try bytes("30 { s\"a\" { \(property) } }")
    let header = try #require(try header(packet, version: .v5))
    let view = try PublishView.decode(packet.span, header, version: .v5, direction: .toServer)
    #expect(view.hasForwardedProperties)
    #expect(forwarded(view, of: packet) == (try bytes(property)))
  }

  @Test func `decoding a PUBLISH allocates nothing`() throws {
    let packet = try bytes(
      """
      32 { s"building/floor/größe" w7 { 01 01 02 l60 23 w3 08 s"answer" 09 s"77" 26 s"k" s"v"
      03 s"text/plain" } 78*300 }
      """)
    let plain = try bytes("30 { s\"building/floor/room\" 78*20 }")
    var sum = 0
    var before = 0
    for round in 0...100 {
      // What the runtime allocates when something is used for the first time does not count.
      if round == 1 { before = allocation_count() }
      if let header = try header(packet, version: .v5) {
        sum += try PublishView.decode(
          packet.span, header, version: .v5, direction: .toServer
        ).topic.count
      }
      if let header = try header(plain, version: .v311) {
        sum += try PublishView.decode(
          plain.span, header, version: .v311, direction: .toServer
        ).topic.count
      }
    }
    #expect(allocation_count() == before)
    #expect(sum == 101 * 41)
  }

  @Test func `decoding an acknowledgement allocates nothing`() throws {
    let packet = try bytes("50 { w7 87 { 1f s\"not today\" 26 s\"a\" s\"b\" } }")
    let header = try #require(try header(packet, version: .v5))
    // The first time the runtime may look up what it then remembers.
    _ = try AcknowledgementView.decode(packet.span, header, version: .v5)
    let before = allocation_count()
    var sum = 0
    for _ in 0..<100 {
      sum += Int(
        try AcknowledgementView.decode(packet.span, header, version: .v5)
          .packetIdentifier.rawValue)
    }
    #expect(allocation_count() == before)
    #expect(sum == 700)
  }

  @Test func `the allocation counter counts`() {
    let before = allocation_count()
    let array = [UInt8](repeating: 1, count: Int(allocation_count() & 1) + 100)
    #expect(allocation_count() > before)
    #expect(array.count >= 100)
  }

  @Test(arguments: acknowledgements)
  func `a view of an acknowledgement shows what the value holds, and refuses the same`(
    _ vector: PacketVector
  ) throws {
    do throws(DecodeError) {
      guard let header = try header(vector.bytes, version: vector.version) else { return }
      let view = try AcknowledgementView.decode(
        vector.bytes.span, header, version: vector.version)
      guard case .packet(let expected, let isCanonical) = vector.expectation else {
        Issue.record("it is not refused")
        return
      }
      let code = hexadecimal([view.reasonCode.rawValue])
      #expect(expected.contains("id=\(view.packetIdentifier.rawValue) 0x\(code)"))
      var buffer = ByteBuffer()
      view.encode(header.type, into: &buffer, version: vector.version)
      if isCanonical && !expected.contains("{") { #expect(buffer.bytes == vector.bytes) }
    } catch {
      guard case .error(let code, let statement, let offset, _) = vector.expectation else {
        Issue.record("\(error)")
        return
      }
      #expect(error.reasonCode.rawValue == code)
      #expect(error.statement == statement)
      #expect(error.offset == offset)
    }
  }
}
