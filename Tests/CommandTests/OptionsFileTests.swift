// Options that stand in files.

import Commands
import MQTTCodec
import Testing
import Text

@Suite struct OptionsFileTests {
  private let home = ["HOME": "/home/ann"]

  @Test func `a line is an option, a blank, and its value to the end of the line`() throws {
    let file = "# broker\n-h broker.example.org\n\n-t a b c\r\n  -r\n-D publish user-property k v\n"
    let options = try publish(
      "-m x", in: context(environment: home, files: ["/home/ann/.config/mqtt_pub": file]))
    #expect(options.connection.host == "broker.example.org")
    #expect(options.topics == ["a b c"])
    #expect(options.isRetained)
    #expect(options.publishProperties.list == [.init(.userProperty, .stringPair("k", "v"))])
  }

  @Test func `mosquitto's file is read, then that of both commands, then the command's own`()
    throws
  {
    let files = [
      "/home/ann/.config/mosquitto_pub": "-h one\n-p 1\n-u one\n-i one",
      "/home/ann/.config/mqtt": "-p 2\n-u two\n-i two",
      "/home/ann/.config/mqtt_pub": "-u three\n-i three",
      "/home/ann/.config/mqtt_sub": "-h never",
    ]
    let connection = try publish("a b -i four", in: context(environment: home, files: files))
      .connection
    #expect(connection.host == "one")
    #expect(connection.port == 2)
    #expect(connection.userName == "three")
    #expect(connection.clientIdentifier == "four")
  }

  @Test func `XDG_CONFIG_HOME is where files are looked for when it is set`() throws {
    let context = context(
      environment: ["HOME": "/home/ann", "XDG_CONFIG_HOME": "/etc/ann"],
      files: ["/etc/ann/mqtt_sub": "-h right", "/home/ann/.config/mqtt_sub": "-h wrong"])
    #expect(try subscribe("a", in: context).connection.host == "right")
  }

  @Test func `a file named by -o is read and no other one`() throws {
    let context = context(
      environment: home,
      files: ["given": "-p 7", "/home/ann/.config/mqtt_sub": "-h elsewhere"])
    let connection = try subscribe("a -o given", in: context).connection
    #expect(connection.port == 7)
    #expect(connection.host == "localhost")
  }

  @Test func `an error in a file names the file and the line`() {
    let context = context(environment: home, files: ["/home/ann/.config/mqtt_pub": "-r\n-q 9"])
    let error = #expect(throws: UsageError.self) {
      try PublishOptions.parse(words("a b"), in: context)
    }
    #expect(
      error?.description
        == "/home/ann/.config/mqtt_pub:2: -q 9: expected 0, 1 or 2, for example: -q 1")
  }

  @Test func `a topic in a file makes the plain argument the message`() throws {
    let context = context(environment: home, files: ["/home/ann/.config/mqtt_pub": "-t a"])
    #expect(try publish("21", in: context).topics == ["a"])
    #expect(try publish("21", in: context).source == .given(Array("21".utf8)))
  }
}
