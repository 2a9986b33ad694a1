// Addresses as text and back, names, listeners on ports and paths.

import Glibc
import LiveSupport
import MQTTCodec
import Testing
import Transport

@Suite struct AddressTests {
  private let folder = TestFolder()

  @Test(arguments: [
    ("127.0.0.1", "127.0.0.1:5000"), ("::1", "[::1]:5000"), ("[::1]", "[::1]:5000"),
    ("0.0.0.0", "0.0.0.0:5000"), ("2001:db8::ff00:42:8329", "[2001:db8::ff00:42:8329]:5000"),
    ("fe80::1%7", "[fe80::1%7]:5000"), ("::ffff:10.1.2.3", "[::ffff:10.1.2.3]:5000"),
  ])
  func `a numeric address is written as it was read`(host: String, text: String) {
    #expect(SocketAddress(host: host, port: 5000)?.description == text)
  }

  @Test(arguments: ["localhost", "", "1.2.3", "1.2.3.4.5", ":::", "fe80::1%nosuchinterface"])
  func `a name is no numeric address`(host: String) {
    #expect(SocketAddress(host: host, port: 1) == nil)
  }

  @Test func `localhost has a loopback address`() throws {
    let addresses = try AddressLookup.addresses(of: "localhost", port: 1883)
    #expect(
      addresses.contains(.loopback4(port: 1883)) || addresses.contains(.loopback6(port: 1883)))
    #expect(addresses.allSatisfy { $0.isLocal })
  }

  @Test func `a name without an address is explained`() {
    let error = #expect(throws: AddressLookupError.self) {
      try AddressLookup.addresses(of: "no-such-host.invalid", port: 1)
    }
    #expect(error?.description.hasPrefix("host no-such-host.invalid: ") == true)
  }

  @Test func `a port that is taken is refused with its address`() throws {
    let first = try loopbackListener()
    let address = first.address
    let error = #expect(throws: SystemError.self) {
      _ = try ListenSocket(ListenerSettings(address: address))
    }
    #expect(error?.isAddressInUse == true)
    #expect(error?.description == "bind \(address): Address already in use")
    _ = consume first
  }

  @Test func `bytes cross a path, and the path is gone with its listener`() throws {
    let path = folder.path("socket")
    let reactor = try Reactor(index: 0)
    var settings = ListenerSettings(address: .unix(path: path))
    settings.pathMode = 0o600
    try reactor.listen(try ListenSocket(settings), index: 0)
    var information = stat()
    #expect(stat(path, &information) == 0)
    #expect(information.st_mode & 0o777 == 0o600)
    _ = reactor.connect(to: .unix(path: path), owner: 1)
    let received = Box<[UInt8]>([])
    ReactorScript.run(reactor, until: !received.value.isEmpty) { reactor, event in
      if event.isConnected { reactor.send(buffer([8]), on: event.link) }
      if case .accepted(let arrival) = event.event {
        #expect(arrival.peer.description == "local socket")
      }
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
    }
    #expect(received.value == [8])
    reactor.closeListeners()
    #expect(stat(path, &information) != 0)
  }

  @Test func `a path that a dead process left behind is taken over`() throws {
    let path = folder.path("socket")
    let first = try ListenSocket(ListenerSettings(address: .unix(path: path)))
    // A second name survives the removal of the first, as the name of a killed process does.
    let second = path + "2"
    #expect(link(path, second) == 0)
    _ = consume first
    #expect(throws: Never.self) {
      _ = try ListenSocket(ListenerSettings(address: .unix(path: second)))
    }
  }

  @Test func `a path that answers is left alone`() throws {
    let path = folder.path("socket")
    let first = try ListenSocket(ListenerSettings(address: .unix(path: path)))
    let error = #expect(throws: SystemError.self) {
      _ = try ListenSocket(ListenerSettings(address: .unix(path: path)))
    }
    #expect(error?.isAddressInUse == true)
    _ = consume first
  }

  @Test func `a file that is no socket is left alone`() throws {
    let path = folder.path("socket")
    let number = open(path, O_CREAT | O_WRONLY, 0o600)
    close(number)
    #expect(throws: SystemError.self) {
      _ = try ListenSocket(ListenerSettings(address: .unix(path: path)))
    }
    #expect(access(path, F_OK) == 0)
  }

  @Test func `a path that is too long is refused before the kernel cuts it`() {
    let path = "/tmp/" + String(repeating: "x", count: 200)
    let error = #expect(throws: SystemError.self) {
      _ = try ListenSocket(ListenerSettings(address: .unix(path: path)))
    }
    #expect(error?.reason == "File name too long")
  }
}
