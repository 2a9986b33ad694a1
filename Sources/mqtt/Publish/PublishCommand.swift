// `mqtt pub`: publishes messages from the command line, a file, standard input or wherever else they
// come from, to one or more topics, and ends when the last handshake is over. What the broker refuses
// is said and becomes the exit status.
//
//   feed --> message --> a PUBLISH for each topic --> handshake --> DISCONNECT

import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

/// The runner of `mqtt pub`.
enum PublishCommand {
  /// Publishes as `options` say; returns the exit status.
  static func run(_ options: PublishOptions) -> Int32 {
    let console = ClientConsole("mqtt pub", options.connection)
    if let queue = options.queue { return run(options.connection, queue, console) }
    do throws(StartFailure) {
      let feed = try feed(options)
      let publisher = Publisher(options, feed)
      let isHandshake = options.qos > .atMostOnce
      if options.connection.tls != nil { ProcessSettings.ignoreBrokenPipes() }
      let run = try ClientRun(
        options.connection, console, publisher, keepsSession: isHandshake
      ) { settings in
        if feed.isLong { settings.topicAliasLimit = UInt16(clamping: options.topics.count) }
      }
      // A single QoS 0 message has no second chance: it is out, or it is not.
      run.client.reconnects = isHandshake || feed.isLong
      return run.run()
    } catch {
      console.say(error.description)
      return ExitStatus.failure
    }
  }

  /// Where the messages come from.
  private static func feed(_ options: PublishOptions) throws(StartFailure) -> any MessageFeed {
    switch options.source {
    case .given(let bytes): RepeatedFeed(bytes, options)
    case .empty: RepeatedFeed([], options)
    case .file(let path):
      RepeatedFeed(try contents(WholeFile.contents(path), path), options)
    case .input:
      RepeatedFeed(try contents(WholeFile.contents(of: STDIN_FILENO), "standard input"), options)
    case .inputLines: LineFeed(STDIN_FILENO)
    }
  }

  private static func contents(
    _ bytes: [UInt8]?, _ name: String
  ) throws(StartFailure) -> [UInt8] {
    guard let bytes else {
      throw StartFailure(description: "cannot read \(name): \(String(cString: strerror(errno)))")
    }
    return bytes
  }
}
