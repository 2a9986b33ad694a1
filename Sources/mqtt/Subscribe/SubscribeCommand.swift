// The runner of `mqtt sub`.

import Commands

enum SubscribeCommand {
  static func run(_ options: SubscribeOptions) -> Int32 { ExitStatus.failure }
}
