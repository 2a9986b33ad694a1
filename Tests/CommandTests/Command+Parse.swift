// Every command's options behind one face.

import Commands
import Settings

extension Command {
  /// Reads `words` as this command does.
  func parse(_ words: [[UInt8]]) throws(UsageError) {
    switch self {
    case .broker: _ = try CommandLineLayer.parse(words)
    case .passwd: _ = try PasswordOptions.parse(words)
    case .bench: _ = try BenchOptions.parse(words)
    case .aclCheck: _ = try AccessCheckOptions.parse(words)
    case .inspectPcap: _ = try InspectOptions.parse(words)
    case .pub: _ = try PublishOptions.parse(words, in: context())
    case .sub: _ = try SubscribeOptions.parse(words, in: context())
    }
  }
}
